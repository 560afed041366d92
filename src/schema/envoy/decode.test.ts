import { expect, test } from 'vitest';
import { parseYaml } from '../../manifest/yaml.ts';
import { decodeEnvoy } from './decode.ts';

const cluster = 'envoy.config.cluster.v3.Cluster';
const filter = 'envoy.config.listener.v3.Filter';
const types = 'type.googleapis.com';
const lua = `${types}/envoy.extensions.filters.http.lua.v3.Lua`;

const decode = (message: string, yaml: string): ReturnType<typeof decodeEnvoy> => decodeEnvoy(message, parseYaml(yaml, true).value);

test.each<[string, string, string]>([
  ['both spellings of a field', cluster, '{connectTimeout: 5s, lb_policy: RANDOM}'],
  ['durations as Go writes them', cluster, '{connect_timeout: 1m30.5s}'],
  ['an enum by number, named or not', cluster, '{lb_policy: 3, type: 99}'],
  ['quoted numbers', cluster, '{per_connection_buffer_limit_bytes: "1024", cleanup_interval: 1s}'],
  ['null for nothing', cluster, '{connect_timeout: null, health_checks: [null], load_assignment: null}'],
  ['the camelCase spelling before the other', cluster, '{connectTimeout: 5s, connect_timeout: true}'],
  ['an Any', filter, `{name: x, typed_config: {"@type": ${lua}, inlineCode: x}}`],
  ['an Any of a value', filter, `{typed_config: {"@type": ${types}/google.protobuf.StringValue, value: x}}`],
  ['a struct of anything', filter, `{typed_config: {"@type": ${types}/udpa.type.v1.TypedStruct, type_url: x, value: {a: [1, {}]}}}`],
])('%s', (_, message, yaml) => {
  expect(decode(message, yaml)).toEqual({ errors: [], unknown: [] });
});

/** Each with the words of the reference's decoder. */
test.each<[string, string, string, string]>([
  [cluster, '{name: false}', 'name', 'json: cannot unmarshal bool into Go value of type string'],
  [cluster, '{connect_timeout: 5}', 'connect_timeout', 'json: cannot unmarshal number into Go value of type string'],
  [cluster, '{connect_timeout: 5d}', 'connect_timeout', 'bad Duration: time: unknown unit "d" in duration "5d"'],
  [cluster, '{connect_timeout: "5"}', 'connect_timeout', 'bad Duration: time: missing unit in duration "5"'],
  [cluster, '{connect_timeout: soon}', 'connect_timeout', 'bad Duration: time: invalid duration "soon"'],
  [cluster, '{connect_timeout: 9999999h}', 'connect_timeout', 'bad Duration: time: invalid duration "9999999h"'],
  [cluster, '{lb_policy: RANDM}', 'lb_policy', `unknown value "\\"RANDM\\"" for enum ${cluster}.LbPolicy`],
  [cluster, '{lb_policy: true}', 'lb_policy', 'json: cannot unmarshal bool into Go value of type protoreflect.EnumNumber'],
  [cluster, '{health_checks: {}}', 'health_checks', 'json: cannot unmarshal object into Go value of type []json.RawMessage'],
  [cluster, '{load_assignment: x}', 'load_assignment', 'json: cannot unmarshal string into Go value of type map[string]json.RawMessage'],
  [cluster, '{metadata: {filter_metadata: []}}', 'metadata.filter_metadata', 'json: cannot unmarshal array into Go value of type map[string]json.RawMessage'],
  [
    cluster,
    '{metadata: {filter_metadata: {a: 1}}}',
    'metadata.filter_metadata.a',
    'bad StructValue: json: cannot unmarshal number into Go value of type map[string]json.RawMessage',
  ],
  [
    cluster,
    '{per_connection_buffer_limit_bytes: 4294967296}',
    'per_connection_buffer_limit_bytes',
    'json: cannot unmarshal number 4294967296 into Go value of type uint32',
  ],
  [cluster, '{per_connection_buffer_limit_bytes: -1}', 'per_connection_buffer_limit_bytes', 'json: cannot unmarshal number -1 into Go value of type uint32'],
  [cluster, '{per_connection_buffer_limit_bytes: 1.5}', 'per_connection_buffer_limit_bytes', 'json: cannot unmarshal number 1.5 into Go value of type uint32'],
  [cluster, '{per_connection_buffer_limit_bytes: many}', 'per_connection_buffer_limit_bytes', "invalid character 'm' looking for beginning of value"],
  [cluster, '{per_connection_buffer_limit_bytes: ""}', 'per_connection_buffer_limit_bytes', 'unexpected end of JSON input'],
  [
    cluster,
    '{track_cluster_stats: {timeout_budgets: "true"}}',
    'track_cluster_stats.timeout_budgets',
    'json: cannot unmarshal string into Go value of type bool',
  ],
  [cluster, '{health_checks: [{}, {timeout: 1}]}', 'health_checks.1.timeout', 'json: cannot unmarshal number into Go value of type string'],
  [filter, '{typed_config: {}}', 'typed_config', "Any JSON doesn't have '@type'"],
  [filter, '{typed_config: {"@type": 5}}', 'typed_config.@type', `can't unmarshal Any's '@type': "5"`],
  [filter, '{typed_config: {"@type": a/b.C}}', 'typed_config.@type', 'could not resolve Any message type: a/b.C'],
  [filter, '{typed_config: {"@type": toString}}', 'typed_config.@type', 'could not resolve Any message type: toString'],
  [filter, `{typed_config: {"@type": ${types}/google.protobuf.StringValue}}`, 'typed_config', "Any JSON doesn't have 'value'"],
  [
    filter,
    `{typed_config: {"@type": ${lua}, inline_code: 1}}`,
    'typed_config.inline_code',
    `can't unmarshal Any nested proto ${lua}: json: cannot unmarshal number into Go value of type string`,
  ],
])('%s %s', (message, yaml, path, reference) => {
  const [error, ...more] = decode(message, yaml).errors;
  expect([error?.path.join('.'), error?.reference, more]).toEqual([path, reference, []]);
  expect(error?.text).toMatch(/^(?:field|item|entry) /);
});

test('all errors are told, in the order of the fields of the message', () => {
  const { errors } = decode(cluster, '{lb_policy: RANDM, connect_timeout: true, name: 1}');
  expect(errors.map((e) => e.path.join('.'))).toEqual(['name', 'connect_timeout', 'lb_policy']);
});

test('unknown fields are told by message, the innermost first', () => {
  const { errors, unknown } = decode(cluster, '{b: 1, load_assignment: {a: 1}, c: 1}');
  expect(errors).toEqual([]);
  expect(unknown.map((u) => [u.path.join('.'), u.fields.join(), u.reference])).toEqual([
    ['load_assignment', 'a', 'unknown field "a" in envoy.config.endpoint.v3.ClusterLoadAssignment'],
    ['', 'b,c', `unknown field "b" in ${cluster}`],
  ]);
});

test('an unknown field in an Any names its type', () => {
  const [unknown] = decode(filter, `{typed_config: {"@type": ${lua}, inlineCod: x}}`).unknown;
  expect(unknown).toMatchObject({ where: lua, fields: ['inlineCod'] });
});
