// What became of a request, in words and as a status.
import type { DestinationFailure, Outcome, Reply, SimulatedDestination, Simulation } from '../../simulate/simulation.ts';
import { serviceText } from './expected-service.ts';
import { percentText } from './text.ts';

/** The answer of the proxy itself; undefined: a service answers, or nobody. */
export function replyOf({ outcome, destinations }: Simulation): Reply | undefined {
  if ('reply' in outcome && outcome.reply) return outcome.reply;
  if (outcome.kind !== 'routed') return undefined;
  const [first, ...others] = destinations.filter(({ percent }) => percent > 0).map(({ failure }) => (isMissing(failure) ? failure?.reply : undefined));
  return first && others.every((reply) => reply?.status === first.status) ? first : undefined;
}

/** There is no such destination. Whether one has endpoints is not what routes are about, and files rarely know. */
export function isMissing(failure: DestinationFailure | undefined): boolean {
  return failure !== undefined && failure.reason !== 'no-endpoints' && failure.reason !== 'no-usable-endpoints';
}

const words: Readonly<Record<Outcome['kind'], string>> = {
  routed: 'forwarded',
  redirect: 'redirected',
  'tls-redirect': 'redirected to https',
  'direct-response': 'answered by the rule',
  fault: 'aborted by the fault',
  preflight: 'a preflight, answered by the proxy',
  'no-route': 'no route',
  refused: 'refused as it is',
  tcp: 'forwarded as bytes',
  passthrough: 'passed through to where the application wanted it to go',
  blocked: 'blocked: no service of the mesh',
  denied: 'denied',
  'certificate-expected': 'the port takes mTLS of the mesh alone',
  'no-listener': 'nothing listens on this port',
  'no-filter-chain': 'no listener takes the connection',
  'tls-expected': 'the port takes TLS alone',
  'http-expected': 'the port takes HTTP alone',
  'no-route-configuration': 'the listener has no routes',
};

/** `forwarded to payment/v1 90 %, payment/v2 10 %`, `redirected with 301 to https://…` */
export function outcomeText(simulation: Simulation): string {
  const { outcome, destinations } = simulation;
  const reply = replyOf(simulation);
  const answer = reply ? ` with ${reply.status}` : '';
  if (outcome.kind === 'redirect' || outcome.kind === 'tls-redirect') return `${words[outcome.kind]}${answer} to ${outcome.location}`;
  if (outcome.kind === 'routed' || outcome.kind === 'tcp') {
    const to = shares(destinations);
    return `${words[outcome.kind]}${to === '' ? '' : ` to ${to}`}${answer === '' ? '' : `, answered${answer}`}`;
  }
  return `${words[outcome.kind]}${answer}`;
}

function shares(destinations: readonly SimulatedDestination[]): string {
  return destinations
    .filter(({ percent, host }) => percent > 0 && host !== '')
    .map(({ host, subset, percent }) => `${serviceText({ host, subset })} ${percentText(percent)}`)
    .join(', ');
}
