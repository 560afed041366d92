// The answer in one line.

import type { Arrival } from '../../simulate/arrivals.ts';
import type { SimulatedDestination, Simulation } from '../../simulate/simulation.ts';
import { deniedText } from './access-words.ts';
import { arrivalVerdict } from './report-access.ts';
import { percent, serviceText } from './words.ts';

/** `GET payment-service.shop/pay → payment-service v1 100%, a copy of each to v2` */
export function headline(simulation: Simulation): string {
  return `${asked(simulation)} → ${answer(simulation)}`;
}

/** `, and is denied there with 403 by rule 1 of shop/deny-post`; empty where all of it is taken. */
export function arrivalsText(arrivals: readonly Arrival[]): string {
  const texts = new Set(arrivals.filter(({ verdict }) => verdict !== 'allowed').map(arrivalVerdict));
  const [only] = texts;
  if (only === undefined) return '';
  const everywhere = arrivals.every(({ verdict }) => verdict !== 'allowed');
  if (texts.size === 1) return `; ${everywhere ? 'there' : 'at some of them'} ${only}`;
  return `; ${everywhere ? 'not everybody takes it' : 'some of them do not take it'}: ${[...texts].join(', or ')}`;
}

function asked({ request, entry }: Simulation): string {
  if (request.kind === 'tcp') return `tcp://${request.host ?? request.address ?? ''}:${entry.port}`;
  const scheme = request.scheme === 'https' ? 'https://' : '';
  return `${request.method} ${scheme}${request.authority}${request.path}`;
}

function answer(simulation: Simulation): string {
  const { outcome, request, entry } = simulation;
  switch (outcome.kind) {
    case 'routed':
    case 'tcp':
      return destinations(simulation);
    case 'redirect':
      return `${outcome.reply.status} to ${outcome.location}`;
    case 'tls-redirect':
      return `${outcome.reply.status} to ${outcome.location}: the gateway wants TLS`;
    case 'direct-response':
      return `${outcome.reply.status}, answered by the proxy itself`;
    case 'fault':
      return `${statusText(outcome.reply)}: a fault aborts every request`;
    case 'preflight':
      return `${outcome.reply.status}: the proxy answers the preflight of CORS`;
    case 'no-route':
      return `${statusText(outcome.reply)}: ${whyNoRoute[outcome.why]}`;
    case 'refused':
      return `${statusText(outcome.reply)}: ${outcome.reply.details}`;
    case 'passthrough':
      return `passes through to ${request.kind === 'http' ? request.authority : (request.host ?? request.address ?? '')}: no service of the mesh has this host and port`;
    case 'blocked':
      return outcome.reply
        ? `${outcome.reply.status}: no service of the mesh has this host and port, and others are blocked`
        : 'the connection is closed: no service of the mesh has this host and port, and others are blocked';
    case 'denied':
      return `${outcome.reply ? statusText(outcome.reply) : 'the connection is closed'}: denied ${deniedText(simulation.admission, outcome.details)}`;
    case 'certificate-expected':
      return `the connection is closed: port ${entry.port} takes mTLS of the mesh only`;
    case 'no-listener':
      return `refused: nothing listens on port ${entry.port}`;
    case 'no-filter-chain':
      return 'the connection is closed: no filter chain takes it';
    case 'tls-expected':
      return `the connection is closed: port ${entry.port} takes TLS only`;
    case 'http-expected':
      return `HTTP is routed on port ${entry.port}: what goes where depends on the requests`;
    case 'no-route-configuration':
      return `404: the proxy has no routes ${entry.routes}`;
  }
}

const whyNoRoute = {
  'no-virtual-host': 'no virtual host is for this host',
  'no-match': 'no rule matches',
  connect: 'no rule is for the method CONNECT',
} as const;

export function statusText({ status, grpcStatus }: { status: number; grpcStatus?: number }): string {
  return grpcStatus === undefined ? String(status) : `grpc-status ${grpcStatus}`;
}

function destinations({ destinations: all, mirrors, proxy, fault }: Simulation): string {
  const used = all.filter(({ percent: share }) => share > 0);
  const [first] = used;
  if (!first) return 'nowhere';
  const parts = used.map((destination, i) => {
    const name =
      i > 0 && destination.host === first.host ? destination.subset || serviceText(destination, proxy.namespace) : serviceText(destination, proxy.namespace);
    return `${name === '' ? destination.cluster : name} ${percent(destination.percent)}${failed(destination)}`;
  });
  const copies = mirrors.map(({ host, subset, percent: share, cluster }) => {
    const name = host === first.host && subset !== '' ? subset : serviceText({ host, subset }, proxy.namespace);
    return `a copy of ${share >= 100 ? 'each' : percent(share)} to ${name === '' ? cluster : name}`;
  });
  const faults = [
    ...(fault?.delay && fault.delay.value.percent > 0 ? [`${percent(fault.delay.value.percent)} delayed`] : []),
    ...(fault?.abort && fault.abort.value.percent > 0 ? [`${percent(fault.abort.value.percent)} aborted`] : []),
  ];
  return [...parts, ...copies, ...faults].join(', ');
}

function failed({ failure }: SimulatedDestination): string {
  if (!failure) return '';
  return failure.reply ? ` (${statusText(failure.reply)} ${failure.reply.flags})` : ' (closed)';
}
