/** More names than this in one sentence help nobody, and n resources that each name n others would be n² words. */
export const mostNames = 100;

/** The names in a row, `mostNames` of them at most. */
export function names(list: readonly string[], separator: string): string {
  return list.length <= mostNames ? list.join(separator) : `${list.slice(0, mostNames).join(separator)} and others`;
}

/** `namespace "shop"`; what is written without a namespace is in one that the input does not tell. */
export function namespaceInWords(namespace: string): string {
  return namespace === '' ? 'its namespace' : `namespace "${namespace}"`;
}
