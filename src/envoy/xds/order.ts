// Make before break: what refers to something is sent when that is there, and taken away before it.
import { typeUrls } from '../type-urls.ts';

const { cluster, endpoints, secret, listener, routes, virtualHost } = typeUrls;

const sequence: readonly string[] = [cluster, endpoints, secret, listener, routes, virtualHost];

/** In which order types are sent; others come last. */
export function rankOf(typeUrl: string): number {
  const at = sequence.indexOf(typeUrl);
  return at < 0 ? sequence.length : at;
}

const upstream: readonly string[] = [cluster, endpoints, secret];

const gates: Readonly<Record<string, readonly string[]>> = {
  // Envoy acknowledges clusters when they are warm, for which it needs their endpoints and secrets: these wait for nothing.
  [listener]: upstream,
  [routes]: upstream,
  [virtualHost]: upstream,
};

/** Types of which everything that is new has to be acknowledged first. */
export function gatesOf(typeUrl: string): readonly string[] {
  return gates[typeUrl] ?? [];
}

/** What others refer to: it is removed when all else is there. A listener and a virtual host may stand in the way of the new one. */
export const removedLast: ReadonlySet<string> = new Set([cluster, endpoints, secret, routes]);

/**
 * Types of which Envoy may take none of a response when one resource of it is wrong. Of listeners and clusters it takes all others;
 * what is not Envoy's is the affair of its client.
 */
export const takenWhole: ReadonlySet<string> = new Set([endpoints, secret, routes, virtualHost]);

/** Types that proxies ask for by name in the state-of-the-world variant; of others each response is the whole set. */
export const named: ReadonlySet<string> = new Set([endpoints, secret, routes, virtualHost]);
