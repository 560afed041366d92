import { expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import analyzer from './api-version.ts';

const run = (apiVersion: string, kind: string) =>
  findingsOf(analyzer, `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}`, { preset: 'recommended' });

it.each([
  ['networking.istio.io/v1alpha3', 'VirtualService', 'networking.istio.io/v1'],
  ['networking.istio.io/v1beta1', 'WorkloadGroup', 'networking.istio.io/v1'],
  ['networking.istio.io/v1', 'VirtualService', undefined],
  ['networking.istio.io/v1alpha3', 'EnvoyFilter', undefined],
  ['networking.istio.io/v1beta1', 'ProxyConfig', undefined],
  ['extensions.istio.io/v1alpha1', 'WasmPlugin', undefined],
  ['security.istio.io/v1beta1', 'AuthorizationPolicy', 'security.istio.io/v1'],
  ['telemetry.istio.io/v1alpha1', 'Telemetry', 'telemetry.istio.io/v1'],
  ['gateway.networking.k8s.io/v1beta1', 'Gateway', 'gateway.networking.k8s.io/v1'],
  ['gateway.networking.k8s.io/v1alpha2', 'GRPCRoute', 'gateway.networking.k8s.io/v1'],
  ['gateway.networking.k8s.io/v1beta1', 'ReferenceGrant', undefined],
  ['gateway.networking.k8s.io/v1alpha2', 'ReferenceGrant', 'gateway.networking.k8s.io/v1beta1'],
  ['gateway.networking.k8s.io/v1alpha2', 'TCPRoute', undefined],
  ['networking.istio.io/v9', 'VirtualService', undefined],
])('%s %s', (apiVersion, kind, current) => {
  expect(run(apiVersion, kind).map((f) => [f.path, f.fix?.text])).toEqual(current === undefined ? [] : [[['apiVersion'], current]]);
});

it('says whether a cluster still takes the version', () => {
  const effects = ['v1beta1', 'v1alpha2'].map((version) => run(`gateway.networking.k8s.io/${version}`, 'HTTPRoute')[0]?.effect);
  expect(effects).toEqual(['none yet: old versions are dropped some day', 'a cluster with current definitions refuses the resource']);
});
