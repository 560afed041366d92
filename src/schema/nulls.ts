/**
 * Takes every field with `null` out of a value, in place: to Kubernetes a field of a map that is null is as good as one that is not
 * there. Items of lists stay.
 */
export function dropNulls(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') dropNulls(item);
    return;
  }
  const map = value as Record<string, unknown>;
  for (const key in map) {
    const field = map[key];
    if (field === null) delete map[key];
    else if (typeof field === 'object') dropNulls(field);
  }
}
