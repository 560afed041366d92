import { describe, expect, it } from 'vitest';
import type { DestinationRule } from '../manifest/istio/networking.gen.ts';
import { formatPath } from '../manifest/problem.ts';
import { effectiveBlock, writtenBlocks } from './traffic-policy.ts';

const outlierDetection = {};
const tls = {};
const at = (number: number, more: object): object => ({ port: { number }, ...more });

/** Where the outlier detection of a cluster comes from. */
function source(rule: DestinationRule, port: number, subset?: number): string {
  return formatPath(effectiveBlock(rule, 'outlierDetection', port, subset)?.path ?? []);
}

describe('outlier detection', () => {
  const host = { outlierDetection, portLevelSettings: [null, at(80, { tls }), at(81, { outlierDetection })] } as DestinationRule['trafficPolicy'];
  const rule: DestinationRule = {
    trafficPolicy: host,
    subsets: [
      { name: 'bare' },
      { name: 'own', trafficPolicy: { outlierDetection } },
      { name: 'other', trafficPolicy: { tls } },
      { name: 'port', trafficPolicy: { outlierDetection, portLevelSettings: [at(82, { tls }), at(80, { outlierDetection })] } },
    ],
  };

  it.each([
    ['of a port without its own', 82, undefined, 'spec.trafficPolicy.outlierDetection'],
    ['of a port whose policy has none', 80, undefined, ''],
    ['of a port whose policy has it', 81, undefined, 'spec.trafficPolicy.portLevelSettings[2].outlierDetection'],
    ['of a subset without policy', 82, 0, 'spec.trafficPolicy.outlierDetection'],
    ['of a subset without policy, at a port', 80, 0, ''],
    ['of a subset with its own', 82, 1, 'spec.subsets[1].trafficPolicy.outlierDetection'],
    ['of a subset with its own, at a port', 81, 1, 'spec.subsets[1].trafficPolicy.outlierDetection'],
    ['of a subset that says something else', 81, 2, 'spec.trafficPolicy.portLevelSettings[2].outlierDetection'],
    ['of a subset whose port has none', 82, 3, ''],
    ['of a subset whose port has it', 80, 3, 'spec.subsets[3].trafficPolicy.portLevelSettings[1].outlierDetection'],
  ])('%s', (_, port, subset, path) => expect(source(rule, port, subset)).toBe(path));

  it('there is none without policies', () => expect(source({ subsets: [null as never] }, 80, 0)).toBe(''));
});

it('finds every part that is written', () => {
  const rule: DestinationRule = {
    trafficPolicy: { tls, portLevelSettings: [null as never, at(80, { outlierDetection })] },
    subsets: [null as never, { trafficPolicy: { outlierDetection, portLevelSettings: [at(80, { outlierDetection })] } }],
  };
  expect(writtenBlocks(rule, 'outlierDetection').map(({ path }) => formatPath(path))).toEqual([
    'spec.trafficPolicy.portLevelSettings[1].outlierDetection',
    'spec.subsets[1].trafficPolicy.outlierDetection',
    'spec.subsets[1].trafficPolicy.portLevelSettings[0].outlierDetection',
  ]);
});
