/** More names than this in one sentence help nobody, and n resources that each name n others would be n² words. */
const most = 100;

/** The names in a row; `… and 12 more` for what is too many. */
export function names(list: readonly string[], separator: string): string {
  if (list.length <= most) return list.join(separator);
  return `${list.slice(0, most).join(separator)} and ${list.length - most} more`;
}
