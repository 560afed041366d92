/** Rows of texts under their titles. */
export interface Table {
  titles: readonly string[];
  rows: readonly (readonly string[])[];
}
