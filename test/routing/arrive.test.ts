// What the simulator says of a request that comes to a workload is what the recorded sidecar in front of it did.
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { TokenBook } from '../../src/cli/route/tokens.ts';
import { Simulator } from '../../src/simulate/simulate.ts';
import type { Simulation } from '../../src/simulate/simulation.ts';
import { routingTable } from '../../src/translate/table.ts';
import { conformance, meshOfCase } from './case-mesh.ts';
import { isMalformed, requestOf } from './compare/simulation.ts';
import { type CaseStep, caseFiles, type Observation, type RoutingCase, readCase, textOf } from './corpus.ts';
import { layOut } from './layout.ts';

const folder = join(conformance, 'roles');
const cases = existsSync(folder)
  ? caseFiles(folder, /^(authz|jwt|mtls)-/)
      .map(readCase)
      .filter(({ role, rejected }) => role === 'inbound' && rejected === undefined)
  : [];
if (cases.length === 0) console.warn(`SKIPPED: no recorded cases in ${folder}: the simulator was not compared with them`);

const counted = { steps: 0, denied: 0 };

/** Names of a client's certificate, as the mesh would have verified it. */
function peerOf(routingCase: RoutingCase, { tls }: CaseStep): readonly string[] {
  if (tls?.client_certificate === undefined) return [];
  const { subjectAltName = '' } = new X509Certificate(readFileSync(join(routingCase.folder, 'files', `${tls.client_certificate}.crt`)));
  return subjectAltName.split(', ').flatMap((name) => (name.startsWith('URI:') ? [name.slice('URI:'.length)] : []));
}

async function arrived(routingCase: RoutingCase, manifests: string, step: CaseStep): Promise<Simulation> {
  const layout = layOut(routingCase);
  const { mesh, proxy } = meshOfCase({ ...routingCase, manifests });
  const tokens = new TokenBook();
  const simulator = new Simulator(routingTable(mesh, proxy), { tokens });
  const { tls, destination } = step;
  const inHost = Number(/:(\d+)$/.exec(step.request?.host ?? '')?.[1] ?? 8080);
  const port = step.port ?? inHost;
  const connection = {
    address: destination ?? layout.destination,
    port,
    ...(tls ? { tls: { serverName: tls.sni ?? '', applicationProtocols: tls.alpn ?? [], peer: peerOf(routingCase, step) } } : {}),
  };
  const request = step.tcp ? { kind: 'tcp' as const, port, client: step.source ?? layout.source } : { ...requestOf(step, layout), scheme: 'http' as const };
  return tokens.settled(() => simulator.arrive(request, connection));
}

/** Differences in what policies decide. */
function compare(expected: Observation, { outcome, admission }: Simulation): string[] {
  const lines = (expected.connection_log ?? []) as { response_code_details?: string | null; connection_termination_details?: string | null }[];
  const ofConnection = lines.flatMap(({ connection_termination_details: details }) => (details ? [details] : []));
  const details = [String(expected.response_code_details ?? ''), ...ofConnection].find((text) => /^(rbac_|jwt_authn_|ext_authz)/.test(text));
  const refused = lines.some((line) => line.response_code_details === 'filter_chain_not_found');
  const handshake = (expected.tls as { handshake?: string } | undefined)?.handshake;
  if (refused || handshake === 'refused' || handshake === 'closed') {
    return ['no-filter-chain', 'tls-expected', 'certificate-expected'].includes(outcome.kind) ? [] : [`the connection was not taken, and not ${outcome.kind}`];
  }
  if (details === undefined) return outcome.kind === 'denied' ? [`nobody denied it, and not ${outcome.details}`] : [];
  if (outcome.kind !== 'denied') return [`it was denied (${details}), and not ${outcome.kind} (${admission?.verdict})`];
  counted.denied++;
  const found = outcome.details === details ? [] : [`details: expected ${details}, got ${outcome.details}`];
  const { reply } = outcome;
  if (reply && String(expected.status) !== String(reply.status)) found.push(`status: expected ${expected.status}, got ${reply.status}`);
  if (reply && expected.body !== undefined && expected.body !== reply.body) found.push(`body: expected ${expected.body}, got ${reply.body}`);
  const headers = (expected.response_headers ?? []) as [string, string][];
  for (const name of ['www-authenticate', 'x-envoy-decorator-operation', 'server']) {
    const [recorded, own] = [headers, reply?.headers ?? []].map((list) => list.find(([header]) => header === name)?.[1]);
    if (reply && expected.response_headers !== undefined && recorded !== own) found.push(`${name}: expected ${recorded}, got ${own}`);
  }
  return found;
}

describe.skipIf(cases.length === 0)('SEC-R7, SEC-R20 to R43: denied, as recorded', () => {
  for (const routingCase of cases) {
    it(routingCase.id, async () => {
      const found: string[] = [];
      let { manifests } = routingCase;
      for (const [index, step] of routingCase.steps.entries()) {
        if (step.apply !== undefined) manifests = step.apply;
        const expected = routingCase.observed[index] ?? {};
        if (!step.tcp && (!step.request || (isMalformed(step, expected) && expected.error !== 'connection-closed'))) continue;
        counted.steps++;
        found.push(...compare(expected, await arrived(routingCase, manifests, step)).map((what) => `step ${index}: ${what}`));
      }
      expect(found).toEqual([]);
    });
  }
  afterAll(() => {
    console.log(`arrived: ${counted.steps} steps of ${cases.length} cases, ${counted.denied} of them denied`);
    expect(counted.denied).toBeGreaterThan(50);
  });
});

describe.skipIf(cases.length === 0)('a difference is found', () => {
  it.each([
    ['authz-deny-before-allow', 'action: DENY', 'action: AUDIT'],
    ['mtls-principals', 'sa/client', 'sa/other'],
    ['jwt-basic', 'https://issuer.example.com', 'https://other.example.com'],
    ['mtls-strict', 'STRICT', 'PERMISSIVE'],
  ])('%s with %s as %s', async (id, written, instead) => {
    const routingCase = cases.find((one) => one.id === id) as RoutingCase;
    const { manifests } = routingCase;
    expect(manifests).toContain(written);
    const found: string[] = [];
    for (const [index, step] of routingCase.steps.entries()) {
      if (step.request || step.tcp)
        found.push(...compare(routingCase.observed[index] ?? {}, await arrived(routingCase, manifests.replaceAll(written, instead), step)));
    }
    expect(textOf(found[0] ?? '')).not.toBe('');
  });
});
