/** The greatest number of the fields that Envoy limits with. */
export const maxUint32 = 0xffff_ffff;

/** A number as a field of 32 bits without a sign holds it. */
export function uint32(value: number): number {
  return Math.min(Math.max(Math.trunc(value), 0), maxUint32);
}

/** Envoy refuses less than 0 and more than 100. */
export function percent(value: number): { value: number } {
  return { value: Math.min(Math.max(value, 0), 100) };
}
