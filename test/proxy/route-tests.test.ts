// `weft test --engine embedded`: the requests of tests, sent to weft's own proxy.
import { expect, it } from 'vitest';
import { freePorts, type StartProxy, startEmbedded } from '../../src/cli/test/live/engines.ts';
import { runLive, type Tried } from '../../src/cli/test/live/run-live.ts';
import type { ForwardAction } from '../../src/ir/route.ts';
import { sourceText } from '../../src/manifest/files.ts';
import { readTests } from '../../src/route-tests/read-tests.ts';
import { passes } from '../../src/route-tests/result.ts';
import { runTests } from '../../src/route-tests/run-tests.ts';
import { namedProxy } from '../../src/translate/workload-identity.ts';
import { liveMesh, liveTests } from '../route-tests/live.ts';
import { meshOfText } from '../route-tests/mesh.ts';

async function run(start: StartProxy, tests: string): Promise<{ left: Record<string, number>; sent: number; tried: number; said: string[] }> {
  const mesh = await meshOfText(liveMesh);
  const read = readTests(sourceText('tests.yaml', tests), false);
  expect(read.problems).toEqual([]);
  const tried: Tried[] = [];
  const { results } = runTests(mesh, read.tests, { client: namedProxy('sidecar', 'shop', ''), observe: (one) => void tried.push(one) });
  expect(results.filter((result) => !passes(result)).map(({ test, problem, failures }) => [test.name, problem, failures[0]?.mismatches])).toEqual([]);
  const { failures, left, sent, tried: count } = await runLive(mesh, tried, { name: 'live', start, samples: 400 });
  const said = [...failures].flatMap(([test, list]) => list.flatMap(({ mismatches }) => mismatches.map(({ field }) => `${test.name}: ${field}`)));
  return { left: Object.fromEntries(left), sent, tried: count, said };
}

it('proxies that start at the same time have ports of their own', async () => {
  const ports: number[] = [];
  for (let i = 0; i < 40; i++) ports.push(...(await freePorts(20)));
  expect(new Set(ports).size).toBe(800);
});

it('does what the routing table says', async () => {
  const { said, left, sent, tried } = await run(startEmbedded, liveTests);
  expect(said).toEqual([]);
  expect(left).toEqual({ 'they are https': 1, 'they would leave the mesh': 1, 'they are held back for more than a second': 1 });
  expect(tried).toBe(20);
  // Three of each, but for those that are drawn.
  expect(sent).toBe(15 * 3 + 5 * 400);
});

it('a proxy that does something else is found out', async () => {
  const change = ({ cors: _cors, ...action }: ForwardAction): ForwardAction => ({
    ...action,
    clusters: action.clusters.map((cluster, i) => ({ ...cluster, weight: i + 1 })),
    mirrors: [],
    ...(action.rewrite ? { rewrite: { kind: 'whole', value: '/elsewhere' } } : {}),
  });
  const tampered: StartProxy = (table, port) =>
    startEmbedded(
      {
        ...table,
        routes: table.routes.map((config) => ({
          ...config,
          virtualHosts: config.virtualHosts.map((host) => ({
            ...host,
            routes: host.routes.map(({ headers: _, fault: _fault, ...route }) => {
              const { action } = route;
              if (action.kind === 'forward') return { ...route, action: change(action) };
              return { ...route, action: action.kind === 'direct' ? { ...action, status: 200 } : { ...action, host: 'elsewhere' } };
            }),
          })),
        })),
      },
      port,
    );
  const { said } = await run(tampered, liveTests);
  expect([...new Set(said)]).toEqual([
    'shares: live: destinations cart.shop:80/v1',
    'shares: live: destinations cart.shop:80/v2',
    'shares: live: mirrors pay.bank:80',
    'a rewrite, headers and a mirror: live: mirrors pay.bank:80',
    'a rewrite, headers and a mirror: live: rewrite.path',
    'a rewrite, headers and a mirror: live: headers.request x-secret',
    'a rewrite, headers and a mirror: live: headers.request x-from',
    'a rewrite, headers and a mirror: live: headers.response x-cache',
    'an answer: live: status 418',
    'an answer: live: status 200',
    'a redirect: live: redirect.location',
    'some are aborted: live: status 503',
    'some are aborted: live: destinations cart.shop:80/v1',
    'all are aborted: live: status 500',
    'a redirect at another port: live: redirect.location',
    'another origin: live: headers.response access-control-allow-origin',
    'another origin: live: headers.response access-control-expose-headers',
    'at a gateway: live: destinations cart.shop:80/v1',
    'at a gateway: live: destinations cart.shop:80/v2',
    'at a gateway: live: mirrors pay.bank:80',
  ]);
});
