import { expect, test } from 'vitest';
import { parseYaml } from '../../manifest/yaml.ts';
import { untypedExtensions } from './typed-config.ts';

const filter = 'envoy.config.listener.v3.Filter';
const cluster = 'envoy.config.cluster.v3.Cluster';
const config = '{"@type": type.googleapis.com/google.protobuf.Empty, value: {}}';

test.each<[string, string, string, string[]]>([
  ['with configuration', filter, `{name: x, typed_config: ${config}}`, []],
  ['spelt in camelCase', filter, `{name: x, typedConfig: ${config}}`, []],
  ['with configuration that is fetched', filter, '{name: x, config_discovery: {}}', []],
  ['by name alone', filter, '{name: x}', ['x at ']],
  ['with null for its configuration', filter, '{name: x, typed_config: null}', ['x at ']],
  ['without a name', filter, '{}', [' at ']],
  ['inside of the message', cluster, '{name: c, transport_socket: {name: tls}}', ['tls at transport_socket']],
  ['inside of a list, which is not looked into', cluster, '{transport_socket_matches: [{name: m, transport_socket: {name: tls}}]}', []],
  ['in a message that is no extension', cluster, '{name: c}', []],
])('an extension %s', (_, message, yaml, expected) => {
  const found = untypedExtensions(message, parseYaml(yaml, true).value as Record<string, unknown>);
  expect(found.map(({ name, path }) => `${name} at ${path.join('.')}`)).toEqual(expected);
});
