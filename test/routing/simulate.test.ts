// One interpretation: what the simulator says of a request is what the recorded proxies did with it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { conformance } from './case-mesh.ts';
import { compareSimulation } from './compare/simulation.ts';
import { caseFiles, type RoutingCase, readCase } from './corpus.ts';

const folders = ['routing', 'roles'].map((name) => join(conformance, name)).filter((folder) => existsSync(folder));
// What a sidecar does with requests to its workload is not simulated.
const cases = folders.flatMap((folder) => caseFiles(folder, /./).map(readCase)).filter(({ role }) => role !== 'inbound');
if (cases.length === 0) console.warn(`SKIPPED: no recorded cases in ${conformance}: the simulator was not compared with them`);

const counted = { cases: 0, requests: 0, malformed: 0 };

describe.skipIf(cases.length === 0)('simulated, as recorded', () => {
  for (const routingCase of cases) {
    it(routingCase.id, () => {
      const { differences, compared, malformed } = compareSimulation(routingCase);
      counted.cases++;
      counted.requests += compared;
      counted.malformed += malformed;
      expect(differences).toEqual([]);
      if (routingCase.rejected === undefined) expect(compared + malformed, 'a case without a request').toBeGreaterThan(0);
    });
  }
  afterAll(() => console.log(`simulated: ${counted.requests} requests of ${counted.cases} cases; ${counted.malformed} that no codec takes for HTTP left out`));
});

/** Manifests that say something else than those of the recording. */
const planted: readonly (readonly [id: string, written: string, instead: string, difference: string])[] = [
  ['weights-90-10', 'weight: 90', 'weight: 30', 'where the share is'],
  ['weights-zero', 'weight: 0', 'weight: 50', 'where the share is'],
  ['mirror-100-post-body', 'value: 100', 'value: 0', 'no copy for'],
  ['mirror-0', 'value: 0', 'value: 100', 'copies for'],
  ['rewrite-prefix-to-root', 'rewrite: {uri: /}', 'rewrite: {uri: /other}', 'path: expected'],
  ['rewrite-authority', 'authority:', 'uri:', 'authority: expected'],
  ['redirect-uri', 'redirect: {uri: /new}', 'redirect: {uri: /newer}', 'location'],
  ['direct-response-string', 'status: 418', 'status: 419', 'status: expected'],
  ['timeout-route', 'timeout: 400ms', 'timeout: 0s', 'a timeout, and there is none'],
  ['timeout-route', 'timeout: 400ms', 'timeout: 100ms', 'elapsed_ms'],
  ['retry-5xx', 'attempts: 2', 'attempts: 1', 'attempts, and 2 are allowed'],
  ['headers-request-ops', 'x-set: s1', 'x-set: s2', 'x-set: s1'],
  ['fault-abort-50', 'value: 50', 'value: 100', 'fault_filter_abort'],
  ['missing-subset', 'name: v2', 'name: v3', 'cluster'],
];

describe.skipIf(cases.length === 0)('a difference is found', () => {
  it.each(planted)('%s with %s as %s', (id, written, instead, difference) => {
    const routingCase = cases.find((one) => one.id === id) as RoutingCase;
    expect(routingCase.manifests).toContain(written);
    const { differences } = compareSimulation({ ...routingCase, manifests: routingCase.manifests.replaceAll(written, instead) });
    expect(differences.join('\n')).toContain(difference);
  });
});
