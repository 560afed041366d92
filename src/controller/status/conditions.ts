import type { Status } from '../../ir/table.ts';
import { formatPath } from '../../manifest/problem.ts';
import { isMap, items, text } from '../../model/untyped.ts';
import type { Verdict } from '../../pipeline/check-resource.ts';
import { remarkText } from '../judged-text.ts';

/** A condition in the status of an object, as Istio's API has it. */
export interface Condition {
  type: string;
  status: 'True' | 'False';
  /** CamelCase. */
  reason: string;
  message: string;
  /** Of the object that was looked at. */
  observedGeneration: number;
  lastTransitionTime: string;
}

type Wanted = Omit<Condition, 'lastTransitionTime'>;

export interface ConditionFacts {
  /** Empty: the default one. Other revisions have conditions of their own, so that two control planes do not overwrite each other's. */
  revision: string;
  generation: number;
  /** Undefined: nothing is to be said. */
  verdict: Verdict | undefined;
  /** Tables are made without it. */
  isLeftOut?: boolean;
  /** What went wrong with it in routing tables; undefined: it is of a kind that is in none. */
  statuses: readonly Status[] | undefined;
}

/** Whether the control plane uses the object at all, and whether everything that it names is there. */
const types = { accepted: 'weft.mesh/Accepted', reconciled: 'weft.mesh/Reconciled' } as const;

const mostTold = 5;
const longestMessage = 1024;

export function wantedConditions({ revision, generation, verdict, isLeftOut = true, statuses }: ConditionFacts): Wanted[] {
  const typeOf = (type: string): string => (revision === '' || revision === 'default' ? type : `${type}-${revision}`);
  const wrong = [...(verdict?.undecodable ?? []), ...(verdict?.errors ?? [])];
  const warnings = [...(verdict?.unknown ?? []), ...(verdict?.warnings ?? [])];
  const accepted: Wanted = {
    type: typeOf(types.accepted),
    status: wrong.length > 0 ? 'False' : 'True',
    reason: wrong.length > 0 ? 'Invalid' : warnings.length > 0 ? 'AcceptedWithWarnings' : 'Accepted',
    message: wrong.length > 0 ? told(wrong.map(remarkText)) : told(warnings.map(remarkText)),
    observedGeneration: generation,
  };
  if (!statuses) return [accepted];
  const [first] = statuses;
  const reconciled: Pick<Wanted, 'status' | 'reason' | 'message'> =
    wrong.length > 0
      ? { status: 'False', reason: 'NotAccepted', message: `${isLeftOut ? 'it is left out' : 'in doubt it denies'}, because it breaks the rules of its kind` }
      : first
        ? { status: 'False', reason: camelCase(first.reason), message: told(statuses.map(statusLine)) }
        : { status: 'True', reason: 'Reconciled', message: '' };
  return [accepted, { type: typeOf(types.reconciled), ...reconciled, observedGeneration: generation }];
}

/**
 * The list of conditions with those that are wanted; others' stay as they are.
 *
 * @param status of the object, as it is there
 * @param now as RFC 3339
 * @returns undefined where it has them already
 */
export function mergedConditions(status: unknown, wanted: readonly Wanted[], now: string): unknown[] | undefined {
  const written = isMap(status) && Array.isArray(status.conditions) ? items<Record<string, unknown>>(status.conditions) : [];
  const merged: unknown[] = [...written];
  let changed = false;
  for (const one of wanted) {
    const place = written.findIndex(({ type }) => type === one.type);
    const before = place < 0 ? undefined : written[place];
    if (before && isSame(before, one)) continue;
    changed = true;
    const since = before && before.status === one.status ? text(before.lastTransitionTime) : '';
    const next: Condition = { ...one, lastTransitionTime: since || now };
    if (place < 0) merged.push(next);
    else merged[place] = next;
  }
  return changed ? merged : undefined;
}

function isSame(before: Record<string, unknown>, { status, reason, message, observedGeneration }: Wanted): boolean {
  // API servers may have the number as text.
  const observed = Number(before.observedGeneration);
  return before.status === status && before.reason === reason && text(before.message) === message && observed === observedGeneration;
}

function told(lines: readonly string[]): string {
  const shown = [...new Set(lines)];
  const more = shown.length > mostTold ? `; and ${shown.length - mostTold} more` : '';
  const message = shown.slice(0, mostTold).join('; ');
  return `${message.length > longestMessage ? `${message.slice(0, longestMessage - 1)}…` : message}${more}`;
}

function statusLine({ origin, message }: Status): string {
  const field = formatPath(origin.path);
  return field === '' ? message : `${field}: ${message}`;
}

/** `unknown-host` is `UnknownHost`. */
function camelCase(reason: string): string {
  return reason
    .split('-')
    .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join('');
}
