// The steps of a stage as a file of route tests.
import type { Simulation } from '../../src/simulate/simulation.ts';
import { type CaseStep, type Observation, textOf } from '../routing/corpus.ts';
import { callerOfTests, type Stage } from './case-files.ts';
import { expectationOf } from './expectation.ts';

/** Why the format of tests has no words for what a client did; undefined: it has. */
export function whyNotTestable({ request, tcp, tls }: CaseStep, { no_access_log: noRequest }: Observation): string | undefined {
  if (tcp || !request) return 'a connection';
  if (noRequest) return 'a connection that is closed before there is a request';
  if (!request.host) return 'a request without a host';
  if (tls && (tls.sni ?? '') !== request.host.replace(/:\d+$/, '')) return 'a server name that is not the host';
  const names = (request.headers ?? []).map(([name]) => name.toLowerCase());
  return new Set(names).size === names.length ? undefined : 'a header that comes twice';
}

/**
 * @param explained what `weft route explain` said of each step
 * @returns the file, and the tests in it by their steps; undefined where no step makes one
 */
export function testFileOf(stage: Stage, explained: ReadonlyMap<number, Simulation>): { text: string; steps: number[] } | undefined {
  const tests = stage.steps.flatMap((one) => {
    const simulation = explained.get(one.index);
    const expect = simulation && whyNotTestable(one.step, one.expected) === undefined ? expectationOf(stage, one, simulation) : undefined;
    return expect ? [{ index: one.index, test: { name: String(one.index), from: callerOfTests(stage), request: requestOf(one.step), expect } }] : [];
  });
  if (tests.length === 0) return undefined;
  return { text: JSON.stringify({ tests: tests.map(({ test }) => test) }, null, 1), steps: tests.map(({ index }) => index) };
}

function requestOf({ request = {}, port, tls, source }: CaseStep): Record<string, unknown> {
  const host = request.host ?? '';
  const inHost = /:(\d+)$/.exec(host)?.[1];
  const headers = Object.fromEntries((request.headers ?? []).map(([name, value]) => [name, textOf(value)]));
  return {
    host,
    port: port ?? Number(inHost ?? 8080),
    method: request.method ?? 'GET',
    path: textOf(request.path ?? '/'),
    ...(tls ? { scheme: 'https' } : {}),
    ...(source === undefined ? {} : { sourceIp: source }),
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
  };
}
