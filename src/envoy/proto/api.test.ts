import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../json.ts';
import { loadEnvoyApi } from './api.ts';
import { EnvoyApiError } from './error.ts';

const api = loadEnvoyApi();
const cluster = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const listener = 'envoy.config.listener.v3.Listener';
const router = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const roundTrip = (type: string, json: JsonObject): JsonObject => api.decode(type, api.encode(type, json));

describe('bytes of protocol buffers', () => {
  it.each<[string, string, JsonObject, string]>([
    ['text', 'google.rpc.Status', { message: 'ab' }, '12026162'],
    ['an integer, and a default that is not sent', 'google.rpc.Status', { code: 300, message: '' }, '08ac02'],
    ['a negative integer', 'google.rpc.Status', { code: -1 }, '08ffffffffffffffffff01'],
    ['a message', cluster, { eds_cluster_config: { service_name: 'x' } }, '1a03120178'],
    ['an empty message', cluster, { eds_cluster_config: {} }, '1a00'],
    ['a default of a oneof', cluster, { type: 'STATIC' }, '1000'],
    ['an enum by number', cluster, { type: 3 }, '1003'],
    ['a duration', cluster, { connect_timeout: '1.5s' }, '2208080110' + '80cab5ee01'],
    ['a wrapper', cluster, { per_connection_buffer_limit_bytes: 5 }, '2a020805'],
    ['a wrapper of the default', cluster, { per_connection_buffer_limit_bytes: 0 }, '2a00'],
    [
      'Any',
      'envoy.config.core.v3.TypedExtensionConfig',
      { name: 'r', typed_config: { '@type': 't/google.protobuf.Empty' } },
      `0a0172121b0a17${Buffer.from('t/google.protobuf.Empty').toString('hex')}1200`,
    ],
    ['a packed list', 'envoy.type.v3.Int64Range', { start: '1', end: 2 }, '08011002'],
  ])('%s', (_, type, json, expected) => {
    expect(hex(api.encode(type, json))).toBe(expected);
  });

  it('are the same for the same message, in whatever order it is written', () => {
    const one = { name: 'c', type: 'EDS', metadata: { filter_metadata: { b: { y: 1, x: 2 }, a: {} } } };
    const other = { metadata: { filter_metadata: { a: {}, b: { x: 2, y: 1 } } }, type: 3, name: 'c', lb_policy: 'ROUND_ROBIN', alt_stat_name: undefined };
    expect(hex(api.encode(cluster, other))).toBe(hex(api.encode(cluster, one)));
  });

  it('are of lists of numbers packed, and read in both ways', () => {
    const type = 'envoy.config.route.v3.RetryPolicy';
    const json = { retriable_status_codes: [503, 1] };
    expect(hex(api.encode(type, json))).toBe('3a03f70301');
    expect(api.decode(type, Buffer.from('38f7033801', 'hex'))).toEqual(json);
  });
});

describe('JSON', () => {
  it.each<[string, string, JsonObject, JsonObject?]>([
    ['names as JSON has them', cluster, { connectTimeout: '2s', '@type': cluster }, { connect_timeout: '2s' }],
    ['null is nothing', cluster, { name: null, connect_timeout: null }, {}],
    ['an empty list is nothing', cluster, { health_checks: [] }, {}],
    [
      '64-bit integers',
      'envoy.type.v3.Int64Range',
      { start: '-9223372036854775808', end: 9007199254740991 },
      { start: '-9223372036854775808', end: '9007199254740991' },
    ],
    ['unsigned ones', cluster, { ring_hash_lb_config: { minimum_ring_size: '18446744073709551615' } }],
    ['floating-point numbers', 'envoy.type.v3.DoubleRange', { start: -0.1, end: 'Infinity' }],
    ['bytes', 'envoy.config.core.v3.DataSource', { inline_bytes: '_w' }, { inline_bytes: '/w==' }],
    [
      'a time',
      'envoy.admin.v3.UpdateFailureState',
      { last_update_attempt: '2026-01-02T03:04:05.060+01:00' },
      { last_update_attempt: '2026-01-02T02:04:05.060Z' },
    ],
    ['negative durations', cluster, { connect_timeout: '-0.000001s' }],
    ['an enum that is not known', cluster, { lb_policy: 99 }],
    ['Struct', 'envoy.config.core.v3.Node', { metadata: { a: [1, 'x', null, true, { b: [] }], c: -0.5 } }],
    [
      'Any in Any',
      'envoy.config.core.v3.TypedExtensionConfig',
      { typed_config: { '@type': 't/google.protobuf.Any', value: { '@type': router, dynamic_stats: false } } },
    ],
    [
      'what has a JSON form of its own in Any',
      'envoy.config.core.v3.TypedExtensionConfig',
      { typed_config: { '@type': 't/google.protobuf.Duration', value: '3s' } },
    ],
    ['TypedStruct', 'envoy.config.core.v3.TypedExtensionConfig', { typed_config: { '@type': 't/udpa.type.v1.TypedStruct', type_url: 'x', value: { a: 1 } } }],
    ['an empty Any', 'envoy.config.core.v3.TypedExtensionConfig', { typed_config: {} }],
    [
      'keys that are numbers',
      'envoy.extensions.filters.network.dubbo_proxy.v3.MethodMatch',
      { params_match: { 2: { exact_match: 'a' }, 10: { exact_match: 'b' } } },
    ],
    ['the key __proto__', 'envoy.config.core.v3.Metadata', JSON.parse('{"filter_metadata": {"__proto__": {"__proto__": 1}}}')],
  ])('%s', (_, type, json, expected = json) => {
    expect(roundTrip(type, json)).toEqual(expected);
  });

  it('an unknown message in Any is read as its bytes', () => {
    const type = 'envoy.config.core.v3.TypedExtensionConfig';
    expect(api.decode(type, Buffer.from('12080a03782f791201ff', 'hex'))).toEqual({ typed_config: { '@type': 'x/y', value: '/w==' } });
  });
});

function messageOf(run: () => void): string | undefined {
  try {
    run();
  } catch (error) {
    return error instanceof EnvoyApiError ? error.message : String(error);
  }
  return undefined;
}

/** Structs of this depth in Struct. */
const deep = (levels: number): JsonObject => (levels === 0 ? {} : { a: deep(levels - 1) });

describe('errors name the place', () => {
  it.each<[string, JsonObject, string]>([
    [cluster, { naem: 'x' }, 'naem: is no field of envoy.config.cluster.v3.Cluster'],
    [cluster, { name: 5 }, 'name: 5 is no text'],
    [cluster, { connect_timeout: '5' }, 'connect_timeout: "5" is no duration such as "1.5s"'],
    [cluster, { connect_timeout: 5 }, 'connect_timeout: 5 is no duration such as "1.5s"'],
    [cluster, { per_connection_buffer_limit_bytes: -1 }, 'per_connection_buffer_limit_bytes: -1 is not between 0 and 4294967295'],
    [cluster, { per_connection_buffer_limit_bytes: 1.5 }, 'per_connection_buffer_limit_bytes: 1.5 is no integer'],
    [
      cluster,
      { ring_hash_lb_config: { minimum_ring_size: 1e20 } },
      'ring_hash_lb_config.minimum_ring_size: 100000000000000000000 is too large for a number: write it as text',
    ],
    [cluster, { ring_hash_lb_config: { minimum_ring_size: '-1' } }, 'ring_hash_lb_config.minimum_ring_size: -1 is no unsigned integer of 64 bits'],
    [
      cluster,
      { ring_hash_lb_config: {}, maglev_lb_config: {} },
      'maglev_lb_config: cannot be beside "ring_hash_lb_config": envoy.config.cluster.v3.Cluster has one of them',
    ],
    [cluster, { connect_timeout: '1s', connectTimeout: '1s' }, 'connectTimeout: is there twice'],
    [cluster, { type: 'EDs' }, 'type: "EDs" is no envoy.config.cluster.v3.Cluster.DiscoveryType: one of STATIC, STRICT_DNS, LOGICAL_DNS, EDS, ORIGINAL_DST'],
    [cluster, { respect_dns_ttl: 'yes' }, 'respect_dns_ttl: "yes" is neither true nor false'],
    [cluster, { health_checks: {} }, 'health_checks: {} is no list'],
    [cluster, { health_checks: [null] }, 'health_checks[0]: is null'],
    [cluster, { metadata: { filter_metadata: { 'envoy.lb': 5 } } }, 'metadata.filter_metadata["envoy.lb"]: 5 is no object'],
    [cluster, { typed_extension_protocol_options: { a: {}, b: { x: 1 } } }, 'typed_extension_protocol_options["b"]: has no "@type"'],
    [cluster, { '@type': `t/${listener}` }, `"@type" is "t/${listener}", where a envoy.config.cluster.v3.Cluster is expected`],
    [
      listener,
      { filter_chains: [{}, { filters: [{ typed_config: { '@type': router, bad: 1 } }] }] },
      'filter_chains[1].filters[0].typed_config.bad: is no field of envoy.extensions.filters.http.router.v3.Router',
    ],
    [
      listener,
      { filter_chains: [{ filters: [{ typed_config: { '@type': 'x/a.B' } }] }] },
      'filter_chains[0].filters[0].typed_config: "a.B" is no message of Envoy\'s API that is known here',
    ],
    [listener, { metadata: [] }, 'metadata: [] is no envoy.config.core.v3.Metadata, which is an object'],
    ['envoy.config.core.v3.DataSource', { inline_bytes: 'a*b' }, 'inline_bytes: "a*b" is no base64'],
    [
      'envoy.config.core.v3.TypedExtensionConfig',
      { typed_config: { '@type': 't/google.protobuf.Duration', seconds: 3 } },
      'typed_config.seconds: is no field of google.protobuf.Duration: its JSON form is in "value"',
    ],
    [
      'envoy.config.core.v3.TypedExtensionConfig',
      { typed_config: { '@type': 't/google.protobuf.Empty', x: 3 } },
      'typed_config.x: is no field of google.protobuf.Empty: its JSON form is in "value"',
    ],
    ['envoy.admin.v3.UpdateFailureState', { last_update_attempt: 'today' }, 'last_update_attempt: "today" is no time such as "2026-01-02T03:04:05Z"'],
    ['envoy.config.core.v3.Metadata', { filter_metadata: { a: { b: Number.NaN } } }, 'filter_metadata["a"].b: NaN is no number of JSON'],
    ['no.such.Message', {}, '"no.such.Message" is no message of Envoy\'s API that is known here'],
  ])('%s: %#', (type, json, message) => {
    expect(messageOf(() => api.encode(type, json))).toBe(message);
  });

  it('nesting has an end', () => {
    expect(() => api.encode('envoy.config.core.v3.Node', { metadata: deep(20) })).not.toThrow();
    expect(() => api.encode('envoy.config.core.v3.Node', { metadata: deep(1_000) })).toThrow('is nested deeper than 100 messages');
  });

  it.each(['0a', '0aff', 'ffffffffffffffffffffff', '120508', '1a0c'])('bytes that are no message: %s', (bytes) => {
    expect(() => api.decode('google.rpc.Status', Buffer.from(bytes, 'hex'))).toThrow(EnvoyApiError);
  });

  it('a field that is not known is not dropped', () => {
    expect(() => api.decode('google.rpc.Status', Buffer.from('c03e01', 'hex'))).toThrow('has field number 1000, which google.rpc.Status has not');
  });

  it('after an error the next message is encoded as ever', () => {
    expect(() => api.encode(listener, { name: 'x', filter_chains: [{ filters: [{ typed_config: { bad: 1 } }] }] })).toThrow();
    expect(hex(api.encode('google.rpc.Status', { message: 'ab' }))).toBe('12026162');
  });
});

/** JSON's values, as Struct holds them. */
const { value: jsonValue } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.string({ unit: 'grapheme' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  ),
}));

/** `-0` has no JSON text of its own. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('any value comes back', () => {
  const extension = 'envoy.config.core.v3.TypedExtensionConfig';

  it.each<[string, fc.Arbitrary<JsonValue>]>([
    ['google.protobuf.Value', jsonValue],
    ['google.protobuf.Struct', fc.dictionary(fc.string(), jsonValue)],
    ['google.protobuf.ListValue', fc.array(jsonValue)],
    ['google.protobuf.StringValue', fc.string({ unit: 'grapheme' })],
    ['google.protobuf.BytesValue', fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64'))],
    ['google.protobuf.BoolValue', fc.boolean()],
    ['google.protobuf.Int32Value', fc.integer()],
    ['google.protobuf.UInt32Value', fc.nat(2 ** 32 - 1)],
    ['google.protobuf.Int64Value', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)],
    ['google.protobuf.UInt64Value', fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)],
    ['google.protobuf.DoubleValue', fc.double({ noNaN: true, noDefaultInfinity: true })],
    ['google.protobuf.FloatValue', fc.float({ noNaN: true, noDefaultInfinity: true })],
    [
      'google.protobuf.Timestamp',
      fc.date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') }).map((date) => date.toISOString().replace('.000Z', 'Z')),
    ],
    [
      'google.protobuf.Duration',
      fc
        .tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.constantFrom('', '.500', '.000001', '.123456789'))
        .map(([seconds, rest]) => `${seconds}${rest}s`),
    ],
  ])('%s', (name, values) => {
    fc.assert(
      fc.property(values, (value) => {
        const json = { typed_config: { '@type': `t/${name}`, value } };
        const back = roundTrip(extension, json) as typeof json;
        if (name === 'google.protobuf.FloatValue') expect(Math.fround(back.typed_config.value as number)).toBe(value);
        else expect(plain(back)).toEqual(plain(json));
      }),
    );
  });

  it('bytes that are no message never give anything but an EnvoyApiError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(cluster, listener, 'envoy.config.core.v3.Node'), (bytes, type) => {
        try {
          api.decode(type, bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(EnvoyApiError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

const folder = join(import.meta.dirname, '../../../../shared/conformance/envoy');
const dumps = existsSync(folder) ? readdirSync(folder).filter((file) => /\.(config_dump|out)\.json$/.test(file)) : [];
if (dumps.length === 0) console.warn('SKIPPED: no recorded configurations of Envoy beside the checkout');

const messages = {
  listeners: listener,
  routes: 'envoy.config.route.v3.RouteConfiguration',
  clusters: cluster,
  endpoints: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
};

it.each(dumps)('%s: what Istio made of it is the same after encoding', (file) => {
  const dump = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, JsonObject[]>;
  for (const [kind, type] of Object.entries(messages)) {
    for (const json of dump[kind] ?? []) {
      const bytes = api.encode(type, json);
      const back = api.decode(type, bytes);
      expect(hex(api.encode(type, back))).toBe(hex(bytes));
      expect(withoutDefaults(back)).toEqual(withoutDefaults(json));
    }
  }
});

/** What protocol buffers do not tell apart: a default and nothing, a number and its text. */
function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value === 'string' && /^\d+$/.test(value)) return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  const { '@type': _, ...fields } = value as JsonObject;
  return Object.fromEntries(
    Object.entries(fields)
      .map(([key, member]) => [key, withoutDefaults(member)])
      .filter(([, member]) => member !== 0 && member !== false && member !== '' && !isFirstOfEnum(member) && !(Array.isArray(member) && member.length === 0)),
  );
}

function isFirstOfEnum(value: unknown): boolean {
  return typeof value === 'string' && ['ROUND_ROBIN', 'DEFAULT', 'HUNDRED', 'APPEND_IF_EXISTS_OR_ADD', 'MOVED_PERMANENTLY', 'AUTO', 'TCP'].includes(value);
}
