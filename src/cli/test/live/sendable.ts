// Which requests can be sent to a live proxy, and how often.
import type { SimulatedHttpRequest } from '../../../simulate/request.ts';
import type { Simulation } from '../../../simulate/simulation.ts';

/** A longer delay is not waited for. */
const longestDelayMs = 1_000;

const answered: ReadonlySet<Simulation['outcome']['kind']> = new Set([
  'routed',
  'redirect',
  'tls-redirect',
  'direct-response',
  'fault',
  'preflight',
  'no-route',
  'blocked',
]);

/** Headers that are about the connection, or about a body that is not there. */
const ofConnections = /^(?:connection|upgrade|content-length|transfer-encoding|expect|trailer|keep-alive|proxy-connection)$/i;

/** Why a request is checked on the routing table alone; undefined: it can be sent. */
export function whyNotSent(request: SimulatedHttpRequest, { outcome, fault, proxy, admission }: Simulation): string | undefined {
  if (admission) return 'policies decide about them, by identities, addresses and tokens that a client on this machine has not';
  if (request.scheme === 'https') return 'they are https';
  if (outcome.kind === 'passthrough') return 'they would leave the mesh';
  if (!answered.has(outcome.kind) || (outcome.kind === 'blocked' && !outcome.reply)) return 'the proxy does not take them as HTTP';
  if (request.claims !== undefined) return 'they need a token';
  if (request.method === 'CONNECT' || request.authority === undefined || request.authority === '') return 'no client sends them';
  if ((request.headers ?? []).some(([name]) => ofConnections.test(name))) return 'their headers are about the connection';
  if (proxy.role === 'sidecar' && request.address !== undefined) return 'they are for an address';
  if (fault?.delay && fault.delay.value.percent > 0 && fault.delay.value.durationMs > longestDelayMs) return 'they are held back for more than a second';
  return undefined;
}

/** A share is measured with so many requests as are asked for; what happens every time is tried a few times. */
export function sendsOf({ outcome, destinations, mirrors, fault }: Simulation, samples: number): number {
  const partial = (percent: number | undefined): boolean => percent !== undefined && percent > 0 && percent < 100;
  const routed = outcome.kind === 'routed';
  const drawn =
    (routed && (destinations.some(({ percent }) => partial(percent)) || mirrors.some(({ percent }) => partial(percent)))) ||
    partial(fault?.abort?.value.percent);
  return drawn ? samples : 3;
}
