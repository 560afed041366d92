// What came to a recorded workload, as a file of route tests: who may come in.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isHttp2 } from '../routing/client/exchange.ts';
import { type CaseStep, type Observation, type RoutingCase, textOf } from '../routing/corpus.ts';
import { type Stage, workloadOf } from './case-files.ts';

type Written = Record<string, unknown>;

/** Why the format of tests has no words for what a client did; undefined: it has. */
export function whyNotArriving(routingCase: RoutingCase, step: CaseStep, expected: Observation): string | undefined {
  const { request, tcp, tls } = step;
  if (tcp || !request) return 'a connection';
  if (!request.host) return 'a request without a host';
  if (isHttp2(request)) return 'HTTP/2 of the application';
  if (!/^(?:\/|\*$)/.test(textOf(request.path ?? '/'))) return 'a request target that is no path';
  if (tls && (tls.client_certificate === undefined || !tls.alpn?.some((name) => name.startsWith('istio')))) return 'TLS that is not of the mesh';
  if (!clientOf(routingCase, step)) return 'a certificate that is not of the mesh';
  const names = (request.headers ?? []).map(([name]) => name.toLowerCase());
  if (new Set(names).size !== names.length) return 'a header that comes twice';
  return expectationOf(expected) ? undefined : 'an outcome that is not about who may come in';
}

/** @returns the file, and the tests in it by their steps; undefined where no step makes one */
export function arrivalFileOf(stage: Stage): { text: string; steps: number[] } | undefined {
  const tests = stage.steps.flatMap(({ index, step, expected }) => {
    const expect = whyNotArriving(stage.routingCase, step, expected) === undefined ? expectationOf(expected) : undefined;
    if (!expect) return [];
    const to = { workload: workloadOf(stage), mtls: step.tls !== undefined };
    return [{ index, test: { name: String(index), from: clientOf(stage.routingCase, step), to, request: requestOf(stage, step), expect } }];
  });
  if (tests.length === 0) return undefined;
  return { text: stage.here(JSON.stringify({ tests: tests.map(({ test }) => test) }, null, 1)), steps: tests.map(({ index }) => index) };
}

/** As its certificate says; undefined: it is none of the mesh. */
function clientOf({ folder }: RoutingCase, { tls }: CaseStep): Written | undefined {
  if (tls?.client_certificate === undefined) return { namespace: 'shop' };
  const read = (name: string): X509Certificate => new X509Certificate(readFileSync(join(folder, 'files', `${name}.crt`)));
  const certificate = read(tls.client_certificate);
  const [, namespace, serviceAccount] = /\/ns\/([^/]+)\/sa\/([^/,]+)/.exec(certificate.subjectAltName ?? '') ?? [];
  return namespace !== undefined && certificate.verify(read('mesh-ca').publicKey) ? { namespace, serviceAccount } : undefined;
}

function requestOf({ layout }: Stage, { request = {}, port, source }: CaseStep): Written {
  const headers = Object.fromEntries((request.headers ?? []).map(([name, value]) => [name, textOf(value)]));
  return {
    host: request.host,
    port: port ?? Number(/:(\d+)$/.exec(request.host ?? '')?.[1] ?? 8080),
    method: request.method ?? 'GET',
    path: textOf(request.path ?? '/'),
    sourceIp: source ?? layout.source,
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
  };
}

/** What has to become of the step; undefined: that is nobody's decision about who may come in. */
function expectationOf(expected: Observation): Written | undefined {
  const details = String(expected.response_code_details ?? '');
  const [, namespace, policy, rule] = /ns\[(.*?)\]-policy\[(.*?)\]-rule\[(\d+)\]/.exec(details) ?? [];
  if (details.startsWith('rbac_access_denied')) {
    const by = policy === undefined ? { policy: 'none' } : { policy: `${policy}.${namespace}`, rule: Number(rule) };
    return { allowed: false, denied: { status: expected.status, ...by } };
  }
  if (details.startsWith('jwt_authn_access_denied'))
    return { allowed: false, status: expected.status, body: expected.body, denied: { status: expected.status } };
  if (details === 'via_upstream') return { allowed: true };
  const [line] = (expected.connection_log ?? []) as { response_code_details?: string | null }[];
  return line?.response_code_details === 'filter_chain_not_found' || expected.error === 'connection-closed' ? { allowed: false } : undefined;
}
