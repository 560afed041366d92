import type { StartProxy } from '../../src/cli/test/live/engines.ts';
import { runLive, type Tried } from '../../src/cli/test/live/run-live.ts';
import { sourceText } from '../../src/manifest/files.ts';
import { readTests } from '../../src/route-tests/read-tests.ts';
import { passes } from '../../src/route-tests/result.ts';
import { runTests } from '../../src/route-tests/run-tests.ts';
import { namedProxy } from '../../src/translate/workload-identity.ts';
import { accessMesh, accessTests } from './live-access.ts';
import { meshOfText } from './mesh.ts';

export interface AccessRun {
  /** Tests that do not hold on the routing table. */
  failed: unknown[];
  /** What the proxy does otherwise: `test: what it got instead of what`. */
  said: string[];
  left: Record<string, number>;
  tried: number;
}

/** The tests about who may come in, on a proxy that runs. */
export async function runAccess(name: string, start: StartProxy): Promise<AccessRun> {
  const mesh = await meshOfText(accessMesh);
  const read = readTests(sourceText('tests.yaml', accessTests), false);
  if (read.problems.length > 0) throw new Error(read.problems.map(({ line, text }) => `${line}: ${text}`).join('\n'));
  const tried: Tried[] = [];
  const tokens = { nowSeconds: Math.floor(Date.now() / 1000), verify: () => undefined };
  const { results } = runTests(mesh, read.tests, { client: namedProxy('sidecar', 'shop', ''), tokens, observe: (one) => void tried.push(one) });
  const failed = results.filter((result) => !passes(result)).map(({ test, problem, failures }) => [test.name, problem, failures[0]?.mismatches]);
  const { failures, left, tried: count } = await runLive(mesh, tried, { name, start, samples: 400, tokens });
  const said = [...failures].flatMap(([test, list]) =>
    list.flatMap(({ mismatches }) => mismatches.map(({ field, expected, got }) => `${test.name}: ${field}: ${got} instead of ${expected}`)),
  );
  return { failed, said, left: Object.fromEntries(left), tried: count };
}
