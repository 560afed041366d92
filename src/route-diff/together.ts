// One change of a default changes every host: that is told once.
import type { Change, Subject } from './change.ts';

/** So many that say the same are one change. */
const enough = 4;

/** Changes that say the same of many hosts, or of many workloads, as one; the first speaks for the place where it is written. */
export function together(changes: readonly Change[]): Change[] {
  const out: Change[] = [];
  const groups = new Map<string, Change[]>();
  for (const change of withSubsets(changes)) {
    const { kind } = change.subject;
    const key = keyOf(change);
    const group = groups.get(key);
    if (group) group.push(change);
    else {
      const own = [change];
      if (kind === 'host' || kind === 'workload') groups.set(key, own);
      out.push(change);
    }
  }
  return out.flatMap((change) => {
    const group = groups.get(keyOf(change));
    if (group?.[0] !== change) return [change];
    return group.length < enough ? group : [{ ...withoutExample(change), subject: subjectOf(group) }];
  });
}

/** Routes are told one by one: what is the same there are the words of two rules. */
function keyOf({ mark, subject, place, instead, fields, scope }: Change): string {
  const what = subject.kind === 'host' && /^subsets? /.test(place) ? 'subset' : place;
  return JSON.stringify([subject.kind, mark, what, instead, fields.map(({ field, old, new: now }) => [field, old?.text, now?.text]), scope]);
}

/** Requests that policies decide about are told with the host of the first: it is one of them. */
function withoutExample({ example: _, ...change }: Change): Change {
  return change;
}

function subjectOf(group: readonly Change[]): Subject {
  const workload = group[0]?.subject.kind === 'workload';
  const names = group.flatMap(({ subject }) => {
    if (subject.kind === 'workload') return [`${subject.namespace}/${subject.name}`];
    return subject.kind === 'host' ? [`${subject.host}:${subject.port}`] : [];
  });
  return { kind: workload ? 'workloads' : 'hosts', names: [...new Set(names)].sort() };
}

/** What is the same of several subsets of a host. */
function withSubsets(changes: readonly Change[]): Change[] {
  const out: Change[] = [];
  const groups = new Map<string, { at: number; subsets: string[] }>();
  for (const change of changes) {
    const { subject, place, mark, fields, scope } = change;
    const subset = /^subset (.*)$/s.exec(place)?.[1];
    if (subset === undefined || mark !== 'changed') {
      out.push(change);
      continue;
    }
    const key = JSON.stringify([subject, fields.map(({ field, old, new: now }) => [field, old?.text, now?.text]), scope]);
    const known = groups.get(key);
    if (known) {
      known.subsets.push(subset);
      out[known.at] = { ...(out[known.at] as Change), place: `subsets ${known.subsets.join(', ')}` };
    } else {
      groups.set(key, { at: out.length, subsets: [subset] });
      out.push(change);
    }
  }
  return out;
}
