import { expect, it } from 'vitest';
import type { JsonObject } from '../json.ts';
import { typeUrls } from '../type-urls.ts';
import { referencesOf, secretsOf } from './references.ts';

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

const secret = (name: string, source: JsonObject = ads): JsonObject => ({ name, sds_config: source });

/** TLS as deep inside of a chain or a cluster as it is. */
const socket = (own: JsonObject[], roots?: JsonObject): JsonObject => ({
  transport_socket: {
    name: 'tls',
    typed_config: {
      '@type': 'x',
      common_tls_context: {
        tls_certificate_sds_secret_configs: own,
        ...(roots ? { combined_validation_context: { default_validation_context: {}, validation_context_sds_secret_config: roots } } : {}),
      },
    },
  },
});
const agent = { api_config_source: { api_type: 'GRPC' } };

it.each<[name: string, typeUrl: string, resource: JsonObject, expected: string[]]>([
  ['a listener in plain text', listener, chain({ rds: { route_config_name: '80', config_source: ads } }), []],
  [
    'a listener, of each of its chains, each once',
    listener,
    { name: 'l', filter_chains: [socket([secret('a'), secret('b')], secret('c')), socket([secret('a')])], default_filter_chain: socket([secret('d')]) },
    ['a', 'b', 'c', 'd'],
  ],
  ['a listener with certificates of the agent', listener, { filter_chains: [socket([secret('default', agent)], secret('ROOTCA', agent))] }, []],
  ['a listener with a Secret of a filter', listener, chain({ token_secret: secret('t') }), []],
  ['a cluster', cluster, { name: 'c', ...socket([secret('a')], secret('b')) }, ['a', 'b']],
  ['a cluster by endpoint', cluster, { name: 'c', transport_socket_matches: [{ name: 'm', match: {}, ...socket([secret('a')]) }] }, ['a']],
  ['a cluster in plain text', cluster, { name: 'c' }, []],
  ['routes', routes, { name: '80', virtual_hosts: [] }, []],
])('Secrets of %s', (_, typeUrl, resource, expected) => {
  expect(secretsOf(typeUrl, resource)).toEqual(expected);
});
