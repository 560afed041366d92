import type { LabelSelector } from './kubernetes.ts';

type Labels = Readonly<Record<string, string>>;

/** Every label of the selector is there with the same value; an empty or absent selector matches all. */
export function matchesLabels(selector: Labels | undefined, labels: Labels): boolean {
  for (const key in selector) if (labels[key] !== selector[key] || !Object.hasOwn(labels, key)) return false;
  return true;
}

/** A Kubernetes label selector with expressions; undefined matches all. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (!selector) return true;
  if (!matchesLabels(selector.matchLabels, labels)) return false;
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return false;
    }
  });
}

/** `app=web,version=v1`: sorted by key, as reports print selectors. */
export function formatSelector(selector: Labels | undefined): string {
  return Object.entries(selector ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
