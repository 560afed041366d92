/** Rows of texts under their titles. */
export interface Table {
  titles: readonly string[];
  rows: readonly (readonly string[])[];
}

/** For sorting rows: by code units, on every machine the same. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
