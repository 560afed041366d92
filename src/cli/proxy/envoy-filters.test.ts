import { describe, expect, it } from 'vitest';
import { doc, tableOf } from '../../translate/testing.ts';
import { CliError, exitCode } from '../exit.ts';
import { ignoredFilters } from './envoy-filters.ts';

const filter = (name: string, ...patches: string[]): string =>
  doc('EnvoyFilter', name, `configPatches: [${patches.join(', ')}]`).replace('networking.istio.io/v1', 'networking.istio.io/v1alpha3');
const patch = (applyTo: string, operation: string, context = 'ANY'): string =>
  `{applyTo: ${applyTo}, match: {context: ${context}}, patch: {operation: ${operation}, value: {name: x}}}`;
const textOf = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name} (m.yaml:3)`;

function refusal(documents: readonly string[]): CliError {
  try {
    ignoredFilters(tableOf(documents), {}, textOf);
  } catch (error) {
    if (error instanceof CliError) return error;
  }
  throw new Error('nothing was refused');
}

describe('the embedded engine refuses', () => {
  it('an EnvoyFilter that is for the proxy', () => {
    const { message, help, exit } = refusal([filter('shop/limits', patch('HTTP_FILTER', 'ADD'), patch('HTTP_FILTER', 'ADD'), patch('CLUSTER', 'MERGE'))]);
    expect(`${message}\n${help}`).toBe(`an EnvoyFilter is for this proxy, and it patches the configuration of an Envoy, which the embedded engine is not
  shop/limits (m.yaml:3): ADD of HTTP_FILTER, MERGE of CLUSTER
Serve with an Envoy (--engine envoy), or without it (--ignore-envoy-filters).`);
    expect(exit).toBe(exitCode.error);
  });

  it('several, each on a line, those of the root namespace first', () => {
    const { message, help } = refusal([filter('shop/a', patch('CLUSTER', 'ADD')), filter('istio-system/b', patch('LISTENER', 'MERGE'))]);
    expect(message.split('\n')).toEqual([
      '2 EnvoyFilters are for this proxy, and they patch the configuration of an Envoy, which the embedded engine is not',
      '  istio-system/b (m.yaml:3): MERGE of LISTENER',
      '  shop/a (m.yaml:3): ADD of CLUSTER',
    ]);
    expect(help).toContain('without them');
  });
});

it.each<[string, string[]]>([
  ['there is none', []],
  ['it is for another namespace', [filter('other/a', patch('CLUSTER', 'ADD'))]],
  ['it is for gateways', [filter('shop/a', patch('CLUSTER', 'ADD', 'GATEWAY'))]],
])('nothing is said where %s', (_, documents) => {
  expect(ignoredFilters(tableOf(documents), {}, textOf)).toEqual([]);
});

it('what may be ignored is said', () => {
  expect(ignoredFilters(tableOf([filter('shop/a', patch('CLUSTER', 'ADD'))]), { ignoreEnvoyFilters: true }, textOf)).toEqual([
    'shop/a (m.yaml:3): ADD of CLUSTER: not done, since EnvoyFilters need --engine envoy',
  ]);
});
