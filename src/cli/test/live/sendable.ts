// Which requests can be sent to a live proxy, and how often.
import type { Admission } from '../../../simulate/admission/admission.ts';
import type { Approach } from '../../../simulate/arrivals.ts';
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
  'denied',
]);

/** Headers that are about the connection, or about a body that is not there. */
const ofConnections = /^(?:connection|upgrade|content-length|transfer-encoding|expect|trailer|keep-alive|proxy-connection)$/i;

/** Why a request is checked on the routing table alone; undefined: it can be sent. */
export function whyNotSent(request: SimulatedHttpRequest, { outcome, fault, proxy, admission, trail }: Simulation): string | undefined {
  if (request.scheme === 'https') return 'they are https';
  if (outcome.kind === 'passthrough') return 'they would leave the mesh';
  if (!answered.has(outcome.kind) || ((outcome.kind === 'blocked' || outcome.kind === 'denied') && !outcome.reply))
    return 'the proxy does not take them as HTTP';
  const undecided = whyNotDecided(admission);
  if (undecided !== undefined) return undecided;
  if (request.claims !== undefined && !admission?.token && trail?.routes.at(-1)?.match.claims?.length)
    return 'they need a token, and no RequestAuthentication reads one';
  const unsendable = whyNoClient(request);
  if (unsendable !== undefined) return unsendable;
  if (proxy.role === 'sidecar' && request.address !== undefined) return 'they are for an address';
  if (fault?.delay && fault.delay.value.percent > 0 && fault.delay.value.durationMs > longestDelayMs) return 'they are held back for more than a second';
  return undefined;
}

function whyNoClient({ method, authority = '', headers = [] }: SimulatedHttpRequest): string | undefined {
  if (method === 'CONNECT' || authority === '') return 'no client sends them';
  return headers.some(([name]) => ofConnections.test(name)) ? 'their headers are about the connection' : undefined;
}

/** Policies that nobody can follow here. */
function whyNotDecided(admission: Admission | undefined): string | undefined {
  if (!admission) return undefined;
  if (admission.asked.length > 0) return 'policies with the action CUSTOM ask services that are not here';
  if (admission.token?.kind === 'unverified') return 'their tokens are verified by keys that are not in the manifests';
  return admission.verdict === 'unknown' ? 'policies decide about them by what the tests do not tell: an identity, an address or a token' : undefined;
}

/** Why a request does not come to a live workload; undefined: it can be sent. @param there what the table of the workload says */
export function whyNotArriving({ server, inside, sends }: Approach, there: Simulation): string | undefined {
  if (server.sidecar === 'no') return 'the workload has no sidecar';
  if (inside.kind === 'tcp') return 'they come to the workload without HTTP';
  if (sends === 'TLS') return 'the DestinationRule has its own certificates';
  const { outcome, admission } = there;
  if (outcome.kind === 'no-listener') return 'nothing listens there';
  if (outcome.kind === 'tcp' || (outcome.kind === 'denied' && !outcome.reply)) return 'the workload does not take them as HTTP';
  return whyNotDecided(admission) ?? whyNoClient(inside);
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
