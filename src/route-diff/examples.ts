// A request that shows a change, with both fates as the simulator tells them.

import type { SimulatedHttpRequest } from '../simulate/request.ts';
import { Simulator } from '../simulate/simulate.ts';
import type { SimulatedDestination, Simulation } from '../simulate/simulation.ts';
import type { Example } from './change.ts';
import type { TableSide } from './table-parts.ts';
import type { Shown } from './tables.ts';
import { clusterText, durationText, shareText } from './words.ts';

/** The host that is talked about: its subsets go by their names. */
type NamedHost = Parameters<typeof clusterText>[1];

const simulators = new WeakMap<object, Simulator>();

function simulatorOf({ table, provenance }: TableSide): Simulator {
  const found = simulators.get(table) ?? new Simulator(table, { provenance });
  simulators.set(table, found);
  return found;
}

/** Undefined where the simulator does not confirm what is to be shown, and where the request needs a token. */
export function exampleOf(shown: Shown, own: NamedHost, old: TableSide, now: TableSide, from: string): Example | undefined {
  if (shown.witness.claims) return undefined;
  const request = requestOf(shown);
  const [before, after] = [simulatorOf(old).simulate(request), simulatorOf(now).simulate(request)];
  const isAs = (simulation: Simulation, index: number | undefined): boolean => index === undefined || (simulation.trail?.chosen ?? -1) === index;
  if (!isAs(before, shown.old) || !isAs(after, shown.new)) return undefined;
  return { request, from, old: fateOf(before, own), new: fateOf(after, own) };
}

function requestOf({ witness, authority, port, scheme }: Shown): SimulatedHttpRequest {
  const headers = [...witness.headers].filter(([name]) => !name.startsWith(':'));
  const query = witness.query.map(([name, value]) => `${name}=${value}`).join('&');
  return {
    method: witness.headers.get(':method') ?? 'GET',
    scheme,
    authority,
    path: `${witness.path}${query === '' ? '' : `?${query}`}`,
    port,
    ...(headers.length > 0 ? { headers } : {}),
  };
}

/** `v1 90%, v2 10%`, `404`, `301 to https://…`: who answers, or what the client gets. */
export function fateOf({ outcome, destinations, mirrors, request, forwarding }: Simulation, own: NamedHost): string {
  switch (outcome.kind) {
    case 'routed':
    case 'tcp':
      return [
        destinations.map((one) => destinationText(one, destinations.length, own)).join(', '),
        ...mirrors.map(({ cluster, percent }) => `copies to ${clusterText(cluster, own)}${percent < 100 ? ` ${shareText(percent / 100)}` : ''}`),
        ...(forwarding?.retry ? [countText(forwarding.retry.attempts.value)] : []),
        ...(forwarding && forwarding.timeoutMs.value > 0 ? [`within ${durationText(forwarding.timeoutMs.value)}`] : []),
      ].join('; ');
    case 'redirect':
    case 'tls-redirect':
      return `${outcome.reply.status} to ${outcome.location}`;
    case 'direct-response':
    case 'fault':
    case 'preflight':
    case 'refused':
      return `answer ${outcome.reply.status}`;
    case 'no-route':
      return `answer ${outcome.reply.status}, no route`;
    case 'passthrough':
      return 'to where the application wants to go';
    case 'denied':
      return outcome.reply ? `denied with ${outcome.reply.status}` : 'denied: the connection is closed';
    case 'blocked':
      return outcome.reply ? `refused with ${outcome.reply.status}` : 'the connection is closed';
    case 'no-listener':
      return `nothing listens on port ${request.port}`;
    default:
      return 'the connection is closed';
  }
}

function countText(retries: number): string {
  return `${retries} ${retries === 1 ? 'retry' : 'retries'}`;
}

function destinationText({ cluster, percent, failure }: SimulatedDestination, count: number, own: NamedHost): string {
  const name = clusterText(cluster, own);
  const share = count > 1 ? ` ${shareText(percent / 100)}` : '';
  const why =
    failure && failure.reason !== 'no-endpoints' && failure.reason !== 'no-usable-endpoints'
      ? ` (${failure.reason.replace('-', ' ')}${failure.reply ? `: ${failure.reply.status}` : ''})`
      : '';
  return `${name}${share}${why}`;
}
