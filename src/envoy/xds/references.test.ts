import { expect, it } from 'vitest';
import type { JsonObject } from '../json.ts';
import { typeUrls } from '../type-urls.ts';
import { referencesOf } from './references.ts';

const ads = { ads: {}, resource_api_version: 'V3' };
const { cluster, endpoints, listener, routes } = typeUrls;

/** A connection manager, as deep inside of a listener as it is. */
const chain = (...rds: JsonObject[]): JsonObject => ({
  filter_chains: rds.map((one) => ({ filters: [{ name: 'http', typed_config: { '@type': 'x', ...one } }] })),
});

it.each<[name: string, typeUrl: string, resource: JsonObject, expected: string[]]>([
  ['a cluster by its name', cluster, { name: 'c', type: 'EDS', eds_cluster_config: { eds_config: ads } }, ['c']],
  ['a cluster by another one', cluster, { name: 'c', type: 'EDS', eds_cluster_config: { eds_config: ads, service_name: 's' } }, ['s']],
  ['a cluster with endpoints from a file', cluster, { name: 'c', eds_cluster_config: { eds_config: { path: 'f' } } }, []],
  ['a cluster with names', cluster, { name: 'c', type: 'STRICT_DNS' }, []],
  ['a listener for TCP', listener, { name: 'l', filter_chains: [{ filters: [{ name: 'tcp' }] }] }, []],
  [
    'a listener with routes, each once',
    listener,
    chain(
      { rds: { route_config_name: '80', config_source: ads } },
      { rds: { route_config_name: '81', config_source: ads } },
      { rds: { route_config_name: '80', config_source: ads } },
    ),
    ['80', '81'],
  ],
  [
    'a listener with routes of its own',
    listener,
    chain({ route_config: { name: '80' } }, { rds: { route_config_name: '81', config_source: { path: 'f' } } }),
    [],
  ],
  ['routes whose virtual hosts come one by one', routes, { name: '80', vhds: { config_source: ads } }, ['80']],
  ['routes with all virtual hosts', routes, { name: '80', virtual_hosts: [] }, []],
  ['endpoints', endpoints, { cluster_name: 'c' }, []],
])('%s', (_, typeUrl, resource, expected) => {
  expect(referencesOf(typeUrl, resource)).toEqual(expected);
});
