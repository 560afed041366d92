import type { Mesh } from '../../model/mesh.ts';
import type { TestResult } from '../../route-tests/result.ts';
import type { TokenKnowledge } from '../../simulate/admission/tokens.ts';
import { usageError } from '../exit.ts';
import { parseChoice, parseCount } from '../proxy/flags.ts';
import type { TestFlags } from './flags.ts';
import type { Tried } from './live/run-live.ts';
import type { LiveSummary } from './report.ts';

export interface Engine {
  name: 'embedded' | 'envoy';
  envoyPath: string | undefined;
  samples: number;
}

const mostSamples = 100_000;

/**
 * The proxy that the flags ask for; undefined: none.
 *
 * @throws CliError (usage)
 */
export async function engineOf({ engine, envoyPath, samples }: TestFlags): Promise<Engine | undefined> {
  const name = parseChoice('engine', engine, ['core', 'embedded', 'envoy']);
  const count = parseCount('samples', samples, mostSamples);
  if (count === 0) throw usageError(`--samples takes a number from 1 to ${mostSamples}, not "${samples}"`);
  if (envoyPath !== undefined && name !== 'envoy') throw usageError('--envoy-path goes with --engine envoy');
  return name === 'core' ? undefined : { name, envoyPath, samples: count };
}

export interface EngineRun {
  summary: LiveSummary;
  /** Results with what the proxy did otherwise. */
  with(results: readonly TestResult[]): TestResult[];
}

/** More requests than this take minutes. */
const mostSends = 500_000;

/**
 * @param cases requests of test cases of istio-config-validator, which are about rules
 * @throws CliError where the proxy does not start, or would have too much to do
 */
export async function runEngine(
  { name, envoyPath, samples }: Engine,
  mesh: Mesh,
  tried: readonly Tried[],
  { cases, tokens }: { cases: number; tokens: TokenKnowledge },
): Promise<EngineRun> {
  const { startEmbedded, startEnvoy } = await import('./live/engines.ts');
  const { runLive, withLive } = await import('./live/run-live.ts');
  const { sendsToWorkload } = await import('./live/run-arrivals.ts');
  const { sendsOf } = await import('./live/sendable.ts');
  const start = name === 'embedded' ? startEmbedded : startEnvoy(await (await import('../envoy/find.ts')).findEnvoy(envoyPath));
  const sends = tried.reduce((sum, { simulation, approaches }) => sum + sendsOf(simulation, samples) + approaches.length * sendsToWorkload, 0);
  if (sends > mostSends)
    throw usageError(
      `these tests would send ${sends} requests, and the most is ${mostSends}`,
      'Run some of them with --only, or measure shares with fewer --samples.',
    );
  const result = await runLive(mesh, tried, { name, start, samples, tokens });
  const { sent } = result;
  const left = new Map([...result.left, ...(cases > 0 ? [['test cases of istio-config-validator are about rules', cases] as const] : [])]);
  return { summary: { engine: name, tried: result.tried, sent, left, samples }, with: (results) => withLive(results, result) };
}
