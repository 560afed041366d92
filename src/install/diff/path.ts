/** The values of the keys that name an item of a list: `{ name: 'discovery' }`. */
export type ItemKey = Readonly<Record<string, string | number | boolean>>;

/** A field of a map, an item of a list by its place, or one by its keys. */
export type Segment = string | number | ItemKey;

/** From the root of an object. */
export type FieldPath = readonly Segment[];

/** `spec.template.spec.containers[name=discovery].image`; keys that are no words are quoted: `metadata.labels["istio.io/rev"]`. */
export function fieldText(path: FieldPath): string {
  return path.map((segment, index) => segmentText(segment, index === 0)).join('');
}

function segmentText(segment: Segment, first: boolean): string {
  if (typeof segment === 'number') return `[${segment}]`;
  if (typeof segment === 'object')
    return `[${Object.entries(segment)
      .map(([key, value]) => `${key}=${value}`)
      .join(',')}]`;
  if (!/^[A-Za-z_$][\w-]*$/.test(segment)) return `["${segment}"]`;
  return first ? segment : `.${segment}`;
}
