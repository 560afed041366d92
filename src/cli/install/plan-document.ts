import { dump } from 'js-yaml';
import { fieldText } from '../../install/diff/path.ts';
import { countsOf, type Plan } from '../../install/plan.ts';

export const planFormats = ['text', 'json', 'yaml'] as const;
export type PlanFormat = (typeof planFormats)[number];

/**
 * A plan for programs: `summary` with the number of objects for each action, and `objects` with `action`, `apiVersion`, `kind`, `namespace`,
 * `name`, and for `change` the list `changes` of `field`, `from`, `to` and `setBy`, the managers that have it otherwise.
 */
export function planDocument(plan: Plan, format: Exclude<PlanFormat, 'text'>): string {
  const data = {
    summary: countsOf(plan),
    objects: plan.objects.map(({ action, component, ref: { apiVersion, kind, namespace, name }, changes }) => ({
      action,
      component,
      apiVersion,
      kind,
      ...(namespace ? { namespace } : {}),
      name,
      ...(action === 'change' ? { changes: changes.map(({ path, from, to, owners }) => ({ field: fieldText(path), from, to, setBy: owners })) } : {}),
    })),
  };
  return format === 'json' ? `${JSON.stringify(data, null, 2)}\n` : dump(data, { lineWidth: -1, skipInvalid: true });
}
