// `weft test --engine embedded` and `--engine envoy`: what is recorded of requests is what both proxies do with them. Here each fourth case, by
// their names; all of them are read by `npm run conformance -- readers`.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { casesOfReaders, unlisted } from '../readers/cases.ts';
import type { CaseReport, TestEngine } from '../readers/read-case.ts';
import { readCases } from '../readers/read-cases.ts';
import { conformance } from '../routing/case-mesh.ts';
import { envoyProgram } from './envoy.ts';

const sample = 4;
const cases = casesOfReaders().filter((_, i) => i % sample === 0);
if (cases.length === 0) console.warn(`SKIPPED: no recorded cases in ${conformance}: no proxy was tried`);

const envoyPath = cases.length === 0 ? undefined : envoyProgram();
const engines: readonly TestEngine[] = envoyPath === undefined ? ['embedded'] : ['embedded', 'envoy'];

describe.skipIf(cases.length === 0)('as recorded', () => {
  const reports = new Map<string, CaseReport>();
  beforeAll(async () => {
    for (const report of await readCases(cases, { engines, envoyPath }, 4)) reports.set(report.id, report);
  }, 1_200_000);

  it.each(cases.map(({ id }) => id))('%s', (id) => expect(unlisted(reports.get(id) as CaseReport)).toEqual([]));

  it.each(engines)('%s had requests of most of the tests', (engine) => {
    const all = [...reports.values()];
    const tested = all.reduce((sum, report) => sum + report.tested, 0);
    const sent = all.reduce((sum, report) => sum + (report.sent[engine]?.steps ?? 0), 0);
    expect(sent).toBeGreaterThan(0.9 * tested);
  });

  afterAll(() => {
    for (const engine of engines) {
      const requests = [...reports.values()].reduce((sum, { sent }) => sum + (sent[engine]?.requests ?? 0), 0);
      console.log(`${engine}: ${requests} requests for the steps of ${reports.size} cases`);
    }
  });
});
