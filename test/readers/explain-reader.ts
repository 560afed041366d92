// `weft route explain` as a reader of recorded cases.
import type { RoutingTable } from '../../src/ir/table.ts';
import type { Simulation } from '../../src/simulate/simulation.ts';
import { isHttp2 } from '../routing/client/exchange.ts';
import { compareConnection, compareRequest, isMalformed } from '../routing/compare/simulation.ts';
import { type CaseRequest, type CaseStep, type Observation, textOf } from '../routing/corpus.ts';
import { callerFlags, type Stage } from './case-files.ts';
import type { CommandProcess } from './command-process.ts';

/** What was asked, and what the command said. */
export interface Explained {
  /** Of what the document says, beside the record; empty: they agree. */
  differences: string[];
  /** The document of `-o json`; undefined where the command gave none. */
  simulation: Simulation | undefined;
}

/** Why no command line says what a client did in the step; undefined: one does. */
export function whyNotSayable({ request, tls }: CaseStep, expected: Observation): string | undefined {
  if (!request) return undefined;
  if (/^(0\.9|1\.0|2\.0)$/.test(String(request.http_version)) && !isHttp2(request)) return 'HTTP/1.0, which is no HTTP to a sidecar';
  if (request.host === null || request.host === undefined) return 'a request without Host';
  if (!textOf(request.path ?? '/').startsWith('/') && request.path !== undefined) return 'a request target that is no path';
  if (tls?.client_certificate !== undefined && expected.error !== undefined) return 'a handshake that fails by the certificate of the client';
  return isClosed(expected) && isHead(request) ? undefined : isMalformed({ request }, expected) ? 'a codec refuses it, before there is a request' : undefined;
}

/** The proxy closed the connection, and no codec had anything to say. */
function isClosed(expected: Observation): boolean {
  return expected.no_access_log === true && expected.error === 'connection-closed';
}

/** It can be written down as a request at all. */
function isHead({ method = 'GET', path = '/', headers = [] }: CaseRequest): boolean {
  const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
  return token.test(method) && /^\/[!-~]*$/.test(textOf(path)) && headers.every(([name]) => token.test(name));
}

/** Outcomes that end a connection without an answer: nothing takes it, or it goes to an address where nobody listens. */
function compareClosed(expected: Observation, { outcome }: Simulation): string[] {
  const [line] = (expected.connection_log ?? []) as { response_code_details: string | null }[];
  const kinds = line?.response_code_details === 'filter_chain_not_found' ? ['no-filter-chain', 'tls-expected'] : ['passthrough', 'no-listener'];
  return kinds.includes(outcome.kind) ? [] : [`the connection was closed, and not ${outcome.kind}`];
}

/** @param of the manifests that are read: their flags, and the table that they make */
export async function explain(
  command: CommandProcess,
  { stage, flags, table }: { stage: Stage; flags: readonly string[]; table: RoutingTable },
  { index, step, expected }: Stage['steps'][number],
): Promise<Explained> {
  const args = ['route', 'explain', ...wordsOf(stage, step), ...callerFlags(stage), ...flags, '-o', 'json'];
  const { exit, stdout, stderr } = await command.run(args);
  if (exit !== 0) return { differences: [`weft ${args.join(' ')}\n  ended with ${exit}: ${stderr}`], simulation: undefined };
  const simulation = JSON.parse(stdout) as Simulation;
  if (step.tcp) return { differences: compareConnection(expected, simulation), simulation };
  if (isClosed(expected)) return { differences: compareClosed(expected, simulation), simulation };
  return { differences: compareRequest(stage.routingCase, index, simulation, table, stage.layout), simulation };
}

/** Method, URL and headers as a person types them. */
function wordsOf({ routingCase, layout }: Stage, { request, tls, port, destination, source }: CaseStep): string[] {
  const to = destination === undefined ? [] : ['--to', destination];
  if (!request) return [`${tls ? 'tls' : 'tcp'}://${tls?.sni || (destination ?? layout.destination)}:${port}`, ...to];
  const authority = request.host ?? '';
  const [, name = '', inHost] = /^(.*?)(?::(\d+))?$/.exec(authority) ?? [];
  // Of TLS the URL says the server name. A Host that is none cannot be in a URL.
  const host = (tls ? tls.sni : name) || layout.destination;
  const own = port ?? Number(inHost ?? 8080);
  const url = `${tls ? 'https' : 'http'}://${host}:${own}${textOf(request.path ?? '/')}`;
  const hosts = authority === `${host}:${own}` ? [] : ['-H', `Host: ${authority}`];
  const headers = (request.headers ?? []).flatMap(([header, value]) => ['-H', `${header}: ${textOf(value)}`]);
  const client = source ?? (routingCase.role === 'gateway' ? layout.source : undefined);
  return [request.method ?? 'GET', url, ...hosts, ...headers, ...to, ...(client === undefined ? [] : ['--client-ip', client])];
}
