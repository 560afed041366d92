import { describe, expect, it } from 'vitest';
import type { EnvoyPatch } from '../../ir/envoy-patch.ts';
import type { RoutingTable } from '../../ir/table.ts';
import { loadSource } from '../../manifest/load.ts';
import { Mesh } from '../../model/mesh.ts';
import { defaultMeshConfig } from '../../model/mesh-config.ts';
import { routingTable } from '../../translate/table.ts';
import type { JsonObject } from '../json.ts';
import type { EnvoyOptions } from '../options.ts';
import { loadEnvoyApi } from '../proto/api.ts';
import { typeUrls } from '../type-urls.ts';
import { envoySources, type Sources } from './envoy-sources.ts';
import { patchedSources, UnpatchedResources } from './patched-sources.ts';

const table = tableOf(`
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: 10.0.0.1, ports: [{ name: http, port: 80 }, { name: tcp, port: 9000 }] }
---
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { clusterIP: 10.0.0.2, ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Endpoints
metadata: { name: cart, namespace: shop }
subsets: [{ addresses: [{ ip: 10.1.0.1 }], ports: [{ name: http, port: 8080 }] }]
`);

function tableOf(text: string): RoutingTable {
  const mesh = new Mesh(loadSource({ name: 'mesh.yaml', text, json: false }, { defaultNamespace: 'shop' }).resources, {
    assume: 'complete',
    istioNamespace: 'istio-system',
    templates: true,
    knownHosts: [],
    now: new Date(0),
    meshConfig: defaultMeshConfig('istio-system'),
  });
  const locality = { region: '', zone: '', subzone: '' };
  return routingTable(mesh, { role: 'sidecar', namespace: 'shop', name: 'a', labels: {}, serviceAccount: 'default', locality, addresses: ['10.2.0.1'] });
}

const patch = (applyTo: EnvoyPatch['applyTo'], match: EnvoyPatch['match'], value: Record<string, unknown>): EnvoyPatch => ({
  applyTo,
  operation: 'MERGE',
  context: 'ANY',
  match,
  value,
  filterClass: 'UNSPECIFIED',
  origin: { kind: 'EnvoyFilter', namespace: 'shop', name: applyTo.toLowerCase(), path: [] },
});

const api = loadEnvoyApi();
const encode = (typeUrl: string, json: JsonObject): Uint8Array => api.encode(typeUrl, json);
const options: EnvoyOptions = { meshTls: 'none' };
const types = [typeUrls.listener, typeUrls.routes, typeUrls.virtualHost, typeUrls.cluster, typeUrls.endpoints];

/** Every resource as `type name` and its bytes. */
function encoded(sources: Sources): Map<string, string> {
  const all = types.flatMap((typeUrl) =>
    [...(sources[typeUrl]?.() ?? [])].map(
      (source) => [`${typeUrl.split('.').at(-1)} ${source.name}`, Buffer.from(source.encode()).toString('base64')] as const,
    ),
  );
  return new Map(all);
}

function patched(patches: EnvoyPatch[], variant: 'sotw' | 'delta', problems: string[] = [], unpatched = new UnpatchedResources()): Sources {
  const onProblem = (origin: { name: string }, message: string): void => void problems.push(`${origin.name}: ${message}`);
  return patchedSources({ ...table, envoyPatches: patches }, options, variant, { encode, unpatched, onProblem });
}

describe.each(['sotw', 'delta'] as const)('%s', (variant) => {
  const plain = encoded(envoySources(table, options, variant, encode));
  const changedBy = (...patches: EnvoyPatch[]): string[] => {
    const made = encoded(patched(patches, variant));
    expect([...made.keys()]).toEqual([...plain.keys()]);
    return [...made].filter(([name, bytes]) => plain.get(name) !== bytes).map(([name]) => name);
  };

  it('a patch that is for nothing changes nothing', () => {
    expect(plain.size).toBeGreaterThan(variant === 'delta' ? 10 : 8);
    expect(changedBy(patch('CLUSTER', { cluster: { name: 'none' } }, { connect_timeout: '1s' }))).toEqual([]);
  });

  it('a patch changes what it is for', () => {
    const cluster = 'outbound|80||cart.shop.svc.cluster.local';
    expect(changedBy(patch('CLUSTER', { cluster: { name: cluster } }, { connect_timeout: '77s' }))).toEqual([`Cluster ${cluster}`]);
  });

  it('of one virtual host', () => {
    const host = 'cart.shop.svc.cluster.local:80';
    const match = { routeConfiguration: { vhost: { name: host } } };
    expect(changedBy(patch('VIRTUAL_HOST', match, { request_headers_to_remove: ['x-secret'] }))).toEqual(
      variant === 'delta' ? [`VirtualHost 80/${host}`] : ['RouteConfiguration 80'],
    );
  });
});

it('tells what a patch cannot do, and what has nothing to be done to', () => {
  const problems: string[] = [];
  patched([patch('CLUSTER', {}, { no_such_field: 1 }), patch('LISTENER', { listener: { name: 'none' } }, { traffic_direction: 'INBOUND' })], 'delta', problems);
  expect(problems).toEqual([expect.stringMatching(/^cluster: .*no_such_field/), 'listener: MERGE of LISTENER is for nothing that a proxy has']);
});

it('what is patched again is the same', () => {
  const unpatched = new UnpatchedResources();
  const patches = [patch('CLUSTER', { cluster: { name: 'outbound|80||cart.shop.svc.cluster.local' } }, { connect_timeout: '77s' })];
  const objects = (): object[] => {
    const sources = patched(patches, 'delta', [], unpatched);
    return types.flatMap((typeUrl) => [...(sources[typeUrl]?.() ?? [])].map(({ of }) => of));
  };
  const [first, second] = [objects(), objects()];
  expect(second.every((object, i) => object === first[i])).toBe(true);
});
