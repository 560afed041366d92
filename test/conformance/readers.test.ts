// One interpretation: `weft route explain` and `weft test` say of every recorded request what the recorded proxies did with it. What proxies that
// run do is in test/real/readers.test.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { casesOfReaders, unlisted } from '../readers/cases.ts';
import { CommandProcess } from '../readers/command-process.ts';
import { type CaseReport, readCaseByCommands } from '../readers/read-case.ts';
import { readCases } from '../readers/read-cases.ts';
import { conformance } from '../routing/case-mesh.ts';
import type { RoutingCase } from '../routing/corpus.ts';

const cases = casesOfReaders();
if (cases.length === 0) console.warn(`SKIPPED: no recorded cases in ${conformance}: explain and test were not compared with them`);

const options = { engines: ['core'] } as const;

describe.skipIf(cases.length === 0)('as recorded', () => {
  const reports = new Map<string, CaseReport>();
  beforeAll(async () => {
    for (const report of await readCases(cases, options, 2)) reports.set(report.id, report);
  }, 300_000);

  for (const { id, rejected } of cases) {
    it(id, () => {
      const report = reports.get(id) as CaseReport;
      expect(unlisted(report)).toEqual([]);
      const unsayable = [...report.unsayable.values()].flat().length;
      if (rejected === undefined) expect(report.explained + unsayable + report.tested, 'a case without a request').toBeGreaterThan(0);
    });
  }

  /** `id#step` of all cases, by the reason. */
  const stepsBy = (field: 'unsayable' | 'untestable'): Record<string, string[]> => {
    const all = [...reports.values()].flatMap(({ id, [field]: reasons }) =>
      [...reasons].flatMap(([why, steps]) => steps.map((step) => [why, `${id}#${step}`] as const)),
    );
    return Object.fromEntries([...Map.groupBy(all, ([why]) => why)].map(([why, list]) => [why, list.map(([, step]) => step)]));
  };

  it('what no command line can say is known', () => {
    expect(stepsBy('unsayable')).toEqual({
      'a codec refuses it, before there is a request': [
        'bad-requests-2#2',
        'bad-requests-2#3',
        'bad-requests-2#4',
        'bad-requests#0',
        'bad-requests#2',
        'bad-requests#3',
        'bad-requests#4',
        'bad-requests#5',
        'bad-requests#6',
        'large-request-headers#3',
        'match-header-pseudo-method#2',
        'match-method-regex#2',
      ],
      'a request target that is no path': ['bad-requests-2#0', 'bad-requests-2#1', 'bad-requests#1', 'connect-method#0', 'host-missing#2', 'host-missing#3'],
      'a request without Host': ['host-missing#0', 'gw-basic#9'],
      'HTTP/1.0, which is no HTTP to a sidecar': ['http10#0', 'http10#1', 'http10#2', 'http10#3', 'gw-upgrade-h2c#3'],
      'a handshake that fails by the certificate of the client': ['gw-tls-mutual-san#0'],
    });
  });

  it('what no route test can say is known', () => {
    const { 'a connection': connections, ...others } = stepsBy('untestable');
    expect(connections?.every((step) => /^(?:tcp-|tls-sni-|gw-tcp#|gw-tls-(?:passthrough|terminate-tcp)#|authz-(?:ports|tcp-http-fields))/.test(step))).toBe(
      true,
    );
    expect(others).toEqual({
      'a connection that is closed before there is a request': [
        'default-no-virtualservice#8',
        'hosts-several#4',
        'gw-selector-mismatch#1',
        'gw-tls-simple#3',
        'gw-tls-simple#4',
        'gw-tls-simple#7',
        'gw-tls-sni-selection#4',
      ],
      'a request without a host': ['host-missing#1', 'authz-hosts#10', 'gw-basic#10'],
      'a header that comes twice': [
        'duplicate-headers#0',
        'headers-request-ops#2',
        'match-header-exact#6',
        'authz-when-headers#7',
        'grpc-basic#6',
        'h2-basic#7',
        'jwt-two-tokens#5',
      ],
      'TLS that is not of the mesh': ['mtls-permissive#2', 'mtls-strict#2', 'mtls-strict#4'],
      'a certificate that is not of the mesh': ['mtls-strict#3'],
      'an outcome that is not about who may come in': ['authz-methods#6', 'authz-none#3', 'authz-path-star#2'],
      'a server name that is not the host': ['gw-tls-simple#1', 'gw-tls-simple#2', 'gw-tls-sni-selection#2', 'gw-tls-sni-selection#3'],
    });
  });

  afterAll(() => {
    const sum = (of: (report: CaseReport) => number): number => [...reports.values()].reduce((total, report) => total + of(report), 0);
    console.log(`readers: ${sum(({ explained }) => explained)} steps of ${reports.size} cases explained, ${sum(({ tested }) => tested)} of them tested`);
  });
});

/** Manifests that say something else than those of the recording, and what each reader has to find. */
const planted: readonly (readonly [id: string, written: string, instead: string, explained: string, tested: string])[] = [
  ['weights-90-10', 'weight: 90', 'weight: 30', 'where the share is', 'destinations'],
  ['weights-zero', 'weight: 0', 'weight: 50', 'where the share is', 'destinations'],
  ['mirror-100-post-body', 'value: 100', 'value: 0', 'no copy for', 'mirrors'],
  ['mirror-0', 'value: 0', 'value: 100', 'copies for', 'mirrors'],
  ['rewrite-prefix-to-root', 'rewrite: {uri: /}', 'rewrite: {uri: /other}', 'path: expected', 'rewrite.path'],
  ['rewrite-authority', 'authority:', 'uri:', 'authority: expected', 'rewrite.authority'],
  ['redirect-uri', 'redirect: {uri: /new}', 'redirect: {uri: /newer}', 'location', 'redirect.location'],
  ['direct-response-string', 'status: 418', 'status: 419', 'status: expected', 'status'],
  ['timeout-route', 'timeout: 400ms', 'timeout: 100ms', 'elapsed_ms', 'headers.request.set.x-envoy-expected-rq-timeout-ms'],
  ['retry-5xx', 'attempts: 2', 'attempts: 1', 'attempts, and 2 are allowed', 'retries.attempts'],
  ['headers-request-ops', 'x-set: s1', 'x-set: s2', 'x-set: s1', 'headers.request.set.x-set'],
  ['fault-abort-50', 'value: 50', 'value: 100', 'fault_filter_abort', 'fault.abort.percent'],
  ['missing-subset', 'name: v2', 'name: v3', 'cluster', 'status'],
  ['cors-exact', 'allowCredentials: true', 'allowCredentials: false', 'response_headers', 'headers.response.set.access-control-allow-credentials'],
  ['match-authority', 'exact', 'prefix', 'route_name', 'route'],
];

describe.skipIf(cases.length === 0)('both find a difference', () => {
  const reports = new Map<string, CaseReport>();
  beforeAll(async () => {
    const changes = new Map(planted.map(([id, written, instead]) => [id, { written, instead }]));
    const tampered = (manifests: string, id: string): string => {
      const { written = '', instead = '' } = changes.get(id) ?? {};
      expect(manifests, id).toContain(written);
      return manifests.replaceAll(written, instead);
    };
    const own = cases.filter(({ id }) => changes.has(id));
    for (const report of await readCases(own, { ...options, tampered }, 1)) reports.set(report.id, report);
  }, 120_000);

  it.each(planted)('%s with %s as %s', (id, _written, _instead, explained, tested) => {
    const of = (reader: string): string => (reports.get(id)?.differences ?? []).filter((text) => text.startsWith(reader)).join('\n');
    expect(of('explain, step')).toContain(explained);
    expect(of('test, core, step')).toContain(`: ${tested}`);
  });
});

/** Of what comes to a workload, which nobody explains. */
const plantedAtWorkloads: readonly (readonly [id: string, written: string, instead: string, tested: string])[] = [
  ['authz-deny-before-allow', 'action: DENY', 'action: AUDIT', 'allowed'],
  ['authz-ip', '10.244.1.66', '10.244.1.67', 'allowed'],
  ['mtls-principals', 'sa/client', 'sa/other', 'allowed'],
  ['mtls-strict', 'STRICT', 'PERMISSIVE', 'allowed'],
  ['jwt-basic', 'https://issuer.example.com', 'https://other.example.com', 'allowed'],
];

describe.skipIf(cases.length === 0)('a test finds a difference', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-planted-'));
  const command = new CommandProcess();
  afterAll(async () => {
    await command.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(plantedAtWorkloads)('%s with %s as %s', { timeout: 60_000 }, async (id, written, instead, tested) => {
    const own = cases.find((one) => one.id === id) as RoutingCase;
    expect(own.manifests).toContain(written);
    const report = await readCaseByCommands(command, own, folder, { ...options, tampered: (manifests) => manifests.replaceAll(written, instead) });
    expect(report.differences.join('\n')).toMatch(new RegExp(`^test, core, step \\d+: ${tested}`, 'm'));
  });
});
