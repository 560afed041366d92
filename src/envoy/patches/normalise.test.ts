import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadEnvoyApi } from '../proto/api.ts';
import { secondsOf } from './go-duration.ts';
import { normaliseValue } from './normalise.ts';
import { preparePatches } from './prepare.ts';
import { patchOf, types } from './testing.ts';

const clusterType = 'envoy.config.cluster.v3.Cluster';
const filterType = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter';

describe('what is written becomes', () => {
  it.each<[string, string, object, object]>([
    ['names of the .proto file', clusterType, { connectTimeout: '1s', alt_stat_name: 'x' }, { connect_timeout: '1s', alt_stat_name: 'x' }],
    ['the camelCase spelling of two', clusterType, { alt_stat_name: 'x', altStatName: 'y' }, { alt_stat_name: 'y' }],
    ['whichever comes first', clusterType, { altStatName: 'y', alt_stat_name: 'x' }, { alt_stat_name: 'y' }],
    ['nothing where it is null', clusterType, { alt_stat_name: null, name: 'x' }, { name: 'x' }],
    ['seconds', clusterType, { connect_timeout: '1m0.5s' }, { connect_timeout: '60.5s' }],
    ['names of enums', clusterType, { lb_policy: 2, type: 'EDS' }, { lb_policy: 'RING_HASH', type: 'EDS' }],
    ['numbers of quoted numbers', clusterType, { perConnectionBufferLimitBytes: '12' }, { per_connection_buffer_limit_bytes: 12 }],
    [
      'text of numbers that are too large',
      clusterType,
      { ring_hash_lb_config: { minimum_ring_size: '18446744073709551615' } },
      { ring_hash_lb_config: { minimum_ring_size: '18446744073709551615' } },
    ],
    ['keys of maps as they are', clusterType, { metadata: { filterMetadata: { aB: { cD: 1 } } } }, { metadata: { filter_metadata: { aB: { cD: 1 } } } }],
    [
      'fields inside of typed_config',
      filterType,
      { name: 'x', typedConfig: { '@type': types.lua, defaultSourceCode: { inlineString: 'x' } } },
      { name: 'x', typed_config: { '@type': types.lua, default_source_code: { inline_string: 'x' } } },
    ],
    [
      'but those of a TypedStruct as they are',
      filterType,
      { typed_config: { '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct', typeUrl: 'x.y', value: { aB: { c_d: null } } } },
      { typed_config: { '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct', type_url: 'x.y', value: { aB: { c_d: null } } } },
    ],
    [
      'and those of what JSON writes in its own way',
      filterType,
      { typed_config: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: 'x' } },
      { typed_config: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: 'x' } },
    ],
  ])('%s', (_, type, value, expected) => {
    expect(normaliseValue(type, value)).toEqual({ value: expected, problems: [] });
    loadEnvoyApi().encode(type, expected as Record<string, never>);
  });
});

describe('what cannot be is said', () => {
  it.each<[string, unknown, string]>([
    ['a field that is not there', { http2ProtocolOptons: {} }, 'unknown-field http2ProtocolOptons'],
    ['one in a list', { transport_socket_matches: [{ x: 1 }] }, 'unknown-field transport_socket_matches.0.x'],
    ['text for a map', { circuit_breakers: 'x' }, 'invalid-value circuit_breakers'],
    ['a map for a list', { transport_socket_matches: {} }, 'invalid-value transport_socket_matches'],
    ['a list for a map', { typed_extension_protocol_options: [] }, 'invalid-value typed_extension_protocol_options'],
    ['a number for text', { name: 1 }, 'invalid-value name'],
    ['text for true', { respect_dns_ttl: 'true' }, 'invalid-value respect_dns_ttl'],
    ['a number for a duration', { connect_timeout: 5 }, 'invalid-value connect_timeout'],
    ['no duration', { connect_timeout: '5 s' }, 'invalid-value connect_timeout'],
    ['a fraction', { per_connection_buffer_limit_bytes: 0.5 }, 'invalid-value per_connection_buffer_limit_bytes'],
    ['too large a number', { per_connection_buffer_limit_bytes: 2 ** 32 }, 'invalid-value per_connection_buffer_limit_bytes'],
    ['less than none', { per_connection_buffer_limit_bytes: -1 }, 'invalid-value per_connection_buffer_limit_bytes'],
    ['no value of an enum', { type: 'EDSS' }, 'invalid-value type'],
    ['two of a oneof', { type: 'EDS', cluster_type: { name: 'x' } }, 'invalid-value cluster_type'],
    ['an extension without a type', { transport_socket: { typed_config: { sni: 'x' } } }, 'invalid-value transport_socket.typed_config'],
    ['one of an unknown type', { transport_socket: { typed_config: { '@type': 'a/b.C' } } }, 'unknown-type transport_socket.typed_config.@type'],
    ['a list', [], 'invalid-value '],
  ])('%s', (_, value, expected) => {
    const { problems } = normaliseValue(clusterType, value);
    expect(problems.map(({ reason, path }) => `${reason} ${path.join('.')}`)).toEqual([expected]);
  });

  it('bytes that are none, and what is nested without an end', () => {
    const deep: Record<string, unknown> = {};
    let at = deep;
    for (let i = 0; i < 200; i++) {
      at.a = {};
      at = at.a as Record<string, unknown>;
    }
    const { byTarget, problems } = preparePatches([
      patchOf('HTTP_FILTER', 'ADD', { typed_config: { '@type': types.lua, default_source_code: { inline_bytes: '!' } } }),
      patchOf('CLUSTER', 'ADD', { metadata: { filter_metadata: { deep } } }),
    ]);
    expect(problems.map(({ reason }) => reason)).toEqual(['invalid-value', 'invalid-value']);
    expect(byTarget.size).toBe(0);
  });
});

it('durations are those of Go', () => {
  const texts = [
    '1s',
    '1.5s',
    '1m30s',
    '500ms',
    '1h',
    '-1m',
    '0',
    '+0',
    '0s',
    '1us',
    '1µs',
    '.5s',
    '1.s',
    '100ns',
    '',
    's',
    '1',
    '1 s',
    '1d',
    '1s1',
    '--1s',
    '1e3s',
  ];
  expect(Object.fromEntries(texts.map((text) => [text, secondsOf(text)]))).toEqual({
    '1s': '1s',
    '1.5s': '1.5s',
    '1m30s': '90s',
    '500ms': '0.5s',
    '1h': '3600s',
    '-1m': '-60s',
    '0': '0s',
    '+0': '0s',
    '0s': '0s',
    '1us': '0.000001s',
    '1µs': '0.000001s',
    '.5s': '0.5s',
    '1.s': '1s',
    '100ns': '0.0000001s',
    '': undefined,
    s: undefined,
    '1': undefined,
    '1 s': undefined,
    '1d': undefined,
    '1s1': undefined,
    '--1s': undefined,
    '1e3s': undefined,
  });
});

// Values that are sometimes right: names of fields are likely, what they hold is anything.
const names = [
  'name',
  'typed_config',
  'typedConfig',
  'connect_timeout',
  'type',
  'metadata',
  'filterMetadata',
  'load_assignment',
  'endpoints',
  'lbEndpoints',
  'endpoint',
  '__proto__',
  'hosts',
];
const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom('1s', '', 'EDS', types.lua, null, true, 0, -1, 1.5, 2 ** 64, 'x'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names, '@type'), tie('value'), { maxKeys: 4 }),
  ),
})).value;

it('whatever is written, a value that is taken can be encoded, and one that was taken is taken again as it is', () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), anything, { maxKeys: 4 }), (value) => {
      const [prepared] = preparePatches([patchOf('CLUSTER', 'ADD', value)]).byTarget.get('CLUSTER') ?? [];
      if (!prepared) return;
      taken++;
      loadEnvoyApi().encode(clusterType, prepared.value);
      expect(normaliseValue(clusterType, prepared.value)).toEqual({ value: prepared.value, problems: [] });
    }),
    { numRuns: 2000 },
  );
  expect(taken).toBeGreaterThan(100);
});
