import type { LabelSelector } from './kubernetes.ts';
import { items } from './untyped.ts';

type Labels = Readonly<Record<string, string>>;

/** Every label of the selector is there with the same value; an empty or absent selector matches all. */
export function matchesLabels(selector: Labels | undefined, labels: Labels): boolean {
  for (const key in selector) if (labels[key] !== selector[key] || !Object.hasOwn(labels, key)) return false;
  return true;
}

/** A Kubernetes label selector with expressions; undefined matches all, and one that Kubernetes would refuse matches nothing. */
export function matchesSelector(selector: LabelSelector | null | undefined, labels: Labels): boolean {
  if (!selector) return true;
  if (!matchesLabels(selector.matchLabels, labels)) return false;
  return items(selector.matchExpressions).every(({ key, operator, values }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    const listed = Array.isArray(values) ? values : [];
    switch (operator) {
      case 'In':
        return value !== undefined && listed.includes(value);
      case 'NotIn':
        return listed.length > 0 && (value === undefined || !listed.includes(value));
      case 'Exists':
        return listed.length === 0 && value !== undefined;
      case 'DoesNotExist':
        return listed.length === 0 && value === undefined;
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
