// `weft test --engine envoy`: the requests of tests, sent to a real Envoy.
import { expect, test } from 'vitest';
import { startEnvoy } from '../../src/cli/test/live/engines.ts';
import { runLive, type Tried } from '../../src/cli/test/live/run-live.ts';
import { sourceText } from '../../src/manifest/files.ts';
import { readTests } from '../../src/route-tests/read-tests.ts';
import { runTests } from '../../src/route-tests/run-tests.ts';
import { namedProxy } from '../../src/translate/workload-identity.ts';
import { liveMesh, liveTests } from '../route-tests/live.ts';
import { meshOfText } from '../route-tests/mesh.ts';
import { envoyProgram } from './envoy.ts';

const path = envoyProgram();

test.skipIf(path === undefined)('does what the routing table says', async () => {
  const mesh = await meshOfText(liveMesh);
  const { tests } = readTests(sourceText('tests.yaml', liveTests), false);
  const tried: Tried[] = [];
  runTests(mesh, tests, { client: namedProxy('sidecar', 'shop', ''), observe: (one) => void tried.push(one) });
  const { failures, tried: count } = await runLive(mesh, tried, { name: 'envoy', start: startEnvoy({ path: path as string, version: '' }), samples: 400 });
  expect([...failures].map(([{ name }, list]) => [name, list[0]?.mismatches])).toEqual([]);
  expect(count).toBe(20);
});
