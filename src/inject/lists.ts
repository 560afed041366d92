/** Items of a comma-separated list, without blanks; empty ones are none. */
export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
