/** What was taken out, and by which rule. */
export const rules = {
  'secret-data': 'values in Secrets',
  'secret-value': 'values of Secrets, and others that a name gave away, found elsewhere',
  'private-key': 'private keys',
  token: 'JSON web tokens',
  authorization: 'credentials of requests',
  cookie: 'cookies',
  'url-password': 'passwords in addresses',
  'named-value': 'values with names like password, token or key',
  'api-key': 'keys of cloud services',
  encoded: 'encoded texts with one of these in them',
  copy: 'copies of whole objects in annotations',
} as const;
export type Rule = keyof typeof rules;

/** Counts what was taken out. */
export class Tally {
  private readonly counts = new Map<Rule, number>();

  count(rule: Rule, by = 1): void {
    this.counts.set(rule, (this.counts.get(rule) ?? 0) + by);
  }

  add(other: Tally): void {
    for (const [rule, count] of other.counts) this.count(rule, count);
  }

  get total(): number {
    let sum = 0;
    for (const count of this.counts.values()) sum += count;
    return sum;
  }

  /** By rule, in the order of `rules`; rules that found nothing are left out. */
  entries(): [Rule, number][] {
    return (Object.keys(rules) as Rule[]).flatMap((rule) => {
      const count = this.counts.get(rule);
      return count === undefined ? [] : [[rule, count] as [Rule, number]];
    });
  }
}
