// What the answers of all replicas say together.

import type { Awaited, DistributionAnswer, ProxyProgress } from '../../envoy/xds/control-plane-api.ts';
import { isCalled } from '../../envoy/xds/proxy-statuses.ts';
import { compareText } from '../../manifest/compare-text.ts';

export interface ReplicaAnswer {
  /** Of the replica, for messages. */
  name: string;
  answer: DistributionAnswer;
}

export interface Tally {
  /** All replicas have the resource as it is wanted, and send it. */
  isServed: boolean;
  /** Why not, for users; empty where it is. */
  why: string;
  /** What counts: by name. */
  proxies: ProxyProgress[];
  acknowledged: number;
}

/** It will not come, however long somebody waits. */
export interface Hopeless {
  problem: string;
  help: string;
}

export interface TallyOptions {
  for: Awaited;
  /** Names of proxies that count; empty: all. */
  only: readonly string[];
}

/** Why nobody will have it; undefined: they may. */
export function hopeless(answers: readonly ReplicaAnswer[]): Hopeless | undefined {
  for (const { name, answer } of answers) {
    const { state, reasons = [] } = answer.resource;
    if (state === 'invalid' && answer.about.revision === undefined) {
      return { problem: `the manifests are refused, and those before go on:\n${indented(reasons)}`, help: 'weft analyze says more.' };
    }
    if (state === 'invalid') {
      const [only] = reasons;
      return reasons.length === 1
        ? { problem: `it is invalid, and no proxy gets it: ${only}`, help: 'What is in force is what was there before, or nothing. weft analyze says more.' }
        : { problem: `it is invalid, and no proxy gets it:\n${indented(reasons)}`, help: 'weft analyze says more.' };
    }
    if (state === 'unwatched') return { problem: `${name} knows nothing of its kind`, help: 'Proxies get nothing from resources of this kind.' };
  }
  const [first] = answers;
  if (first && answers.every(({ answer }) => answer.resource.state === 'ignored')) {
    const [reason = 'it is for another revision'] = first.answer.resource.reasons ?? [];
    const revisions = [...new Set(answers.map(({ answer }) => answer.about.revision ?? 'default'))].join(', ');
    return { problem: `no control plane that was asked takes it: ${reason}`, help: `Asked were those of revision ${revisions}; --revision names another one.` };
  }
  return undefined;
}

/**
 * @param behind proxies that were behind when they were seen last, and that are still there: they count, connected or not
 */
export function tally(answers: readonly ReplicaAnswer[], behind: readonly ProxyProgress[], options: TallyOptions): Tally {
  // Of another revision nobody gets it, and nothing changes.
  const asked = answers.filter(({ answer }) => answer.resource.state !== 'ignored');
  const late = asked.find(({ answer }) => answer.resource.state !== 'served');
  const all = asked.flatMap(({ answer }) => answer.proxies);
  const connected = new Map<string, ProxyProgress>();
  for (const proxy of all) {
    if (proxy.state === 'unconnected') continue;
    const known = connected.get(proxy.key);
    // Who has two connections has it when both say so: one of them is about to end, and which one is not known.
    if (!known || known.state === 'acknowledged') connected.set(proxy.key, proxy);
  }
  const absent = new Map([...behind, ...all].filter(({ key }) => !connected.has(key)).map((proxy) => [proxy.key, { ...proxy, state: 'unconnected' } as const]));
  const proxies = [...connected.values(), ...absent.values()].filter(
    (proxy) => options.only.length === 0 || options.only.some((name) => isCalled(proxy, name)),
  );
  return {
    isServed: late === undefined && asked.length > 0,
    why: late ? whyLate(late, options.for) : asked.length === 0 ? 'no replica answers' : '',
    proxies: proxies.sort((a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name) || compareText(a.key, b.key)),
    acknowledged: proxies.filter(({ state }) => state === 'acknowledged').length,
  };
}

/** @param threshold share of the proxies, from 0 to 1 */
export function isReached({ isServed, proxies, acknowledged }: Tally, threshold: number): boolean {
  if (!isServed) return false;
  // Who has no proxies has nobody who could have it: they may be about to come back to a control plane that was started again.
  return threshold === 0 || (proxies.length > 0 && acknowledged >= neededOf(proxies.length, threshold));
}

/** How many of so many are enough. */
export function neededOf(count: number, threshold: number): number {
  // 0.7 of 10 is 7, whatever a computer makes of it.
  return Math.ceil(Math.round(count * threshold * 1e9) / 1e9);
}

function whyLate({ name, answer }: ReplicaAnswer, what: Awaited): string {
  switch (answer.resource.state) {
    case 'present':
      return `it is still there for ${name}`;
    case 'pending':
      return `${name} is about to send it`;
    case 'absent':
    case 'unseen':
      return what === 'delete' ? `${name} has not heard of its removal yet` : `${name} has not heard of this version yet`;
    default:
      return `${name} does not send it`;
  }
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join('\n');
}
