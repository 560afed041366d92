// Configuration with EnvoyFilters on it, checked by the real Envoy.
import { describe, expect, it } from 'vitest';
import { staticBootstrap } from '../../src/envoy/bootstrap.ts';
import { patchBootstrap } from '../../src/envoy/patches/patch-bootstrap.ts';
import { patchResources } from '../../src/envoy/patches/patch-resources.ts';
import { filtersOfFile, managerName, patchOf, sidecar, types } from '../../src/envoy/patches/testing.ts';
import { staticResources } from '../../src/envoy/static.ts';
import type { EnvoyPatch } from '../../src/ir/envoy-patch.ts';
import { refusal } from '../envoy/validate.ts';
import { envoyProgram } from './envoy.ts';

const program = envoyProgram();

/** What Envoy has against the configuration of the sidecar with the patches; empty: nothing. */
async function validate(patches: readonly EnvoyPatch[]): Promise<string> {
  const { resources } = patchResources(sidecar(), patches, { role: 'sidecar' });
  const node = { id: 'proxy', cluster: 'proxy', locality: { region: '', zone: '', subzone: '' }, metadata: {} };
  const { bootstrap } = patchBootstrap(staticBootstrap(staticResources(resources), { node, admin: undefined }), patches);
  return (await refusal(program as string, bootstrap)) ?? '';
}

const outbound = { context: 'SIDECAR_OUTBOUND' } as const;
const http = { match: { listener: { filterChain: { filter: { name: managerName } } } } };
const lua = (name: string): object => ({ name, typedConfig: { '@type': types.lua, inlineCode: 'function envoy_on_request(handle) end' } });

describe.skipIf(program === undefined)('Envoy takes', () => {
  it.each<[string, readonly EnvoyPatch[]]>([
    ['the configuration without a patch', []],
    ['EnvoyFilters as people write them', filtersOfFile('filters.yaml')],
    [
      'filters that are added, of every class',
      (['UNSPECIFIED', 'AUTHN', 'AUTHZ', 'STATS'] as const).map((filterClass) => patchOf('HTTP_FILTER', 'ADD', lua(filterClass), { filterClass })),
    ],
    ['a filter that is inserted behind nothing', [patchOf('HTTP_FILTER', 'INSERT_AFTER', lua('x'), http)]],
    [
      'a network filter that is added',
      [patchOf('NETWORK_FILTER', 'ADD', { name: 'rbac', typed_config: { '@type': types.networkRbac, stat_prefix: 'x' } }, outbound)],
    ],
    [
      'a listener filter, a chain and a listener',
      [
        patchOf('LISTENER_FILTER', 'INSERT_FIRST', { name: 'dst', typed_config: { '@type': types.originalDst } }),
        patchOf(
          'FILTER_CHAIN',
          'ADD',
          {
            name: 'x',
            filterChainMatch: { serverNames: ['x.example'] },
            filters: [{ name: 'tcp', typedConfig: { '@type': types.tcpProxy, statPrefix: 'x', cluster: 'PassthroughCluster' } }],
          },
          outbound,
        ),
        patchOf('LISTENER', 'ADD', {
          name: 'x',
          address: { socketAddress: { address: '127.0.0.1', portValue: 7000 } },
          filterChains: [{ filters: [{ name: 'tcp', typedConfig: { '@type': types.tcpProxy, statPrefix: 'x', cluster: 'PassthroughCluster' } }] }],
        }),
      ],
    ],
    [
      'a default filter chain that is taken away',
      [patchOf('FILTER_CHAIN', 'REMOVE', {}, { match: { listener: { filterChain: { name: 'PassthroughFilterChain' } } } })],
    ],
    [
      'other members of oneofs',
      [
        patchOf('HTTP_ROUTE', 'MERGE', { direct_response: { status: 503 } }, { match: { routeConfiguration: { vhost: { route: { action: 'REDIRECT' } } } } }),
        patchOf('HTTP_ROUTE', 'MERGE', { route: { cluster_header: 'x-to' } }, { match: { routeConfiguration: { vhost: { route: { action: 'ROUTE' } } } } }),
      ],
    ],
    [
      'a transport socket that is merged into that of a match',
      [
        patchOf(
          'CLUSTER',
          'MERGE',
          { transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: { '@type': types.tls, allow_renegotiation: true } } },
          outbound,
        ),
      ],
    ],
    [
      'an extension configuration',
      [
        patchOf('EXTENSION_CONFIG', 'ADD', lua('ext')),
        patchOf('HTTP_FILTER', 'INSERT_FIRST', { name: 'ext', config_discovery: { config_source: { ads: {} }, type_urls: [types.lua] } }),
      ],
    ],
    ['a bootstrap', [patchOf('BOOTSTRAP', 'MERGE', { statsFlushInterval: '0m10s' })]],
  ])('%s', async (_, patches) => {
    expect(await validate(patches)).toBe('');
  });

  it('and not what would be behind the router', async () => {
    const router = { filterChain: { filter: { name: managerName, subFilter: { name: 'envoy.filters.http.router' } } } };
    expect(await validate([patchOf('HTTP_FILTER', 'INSERT_AFTER', lua('x'), { match: { listener: router } })])).toContain('terminal filter');
  });
});
