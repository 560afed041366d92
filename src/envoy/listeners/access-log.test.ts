import { describe, expect, it } from 'vitest';
import { defaultJsonFormat, defaultTextFormat } from '../../ir/access-log.ts';
import type { MeshConfig } from '../../manifest/istio/mesh.gen.ts';
import { svc } from '../../translate/testing.ts';
import type { JsonObject } from '../json.ts';
import { at, configOf, type Listeners, objects, sidecar } from './testing.ts';

const services = [svc('shop/cart http:80 tcp:90 10.0.0.1')];

function listeners(meshConfig: MeshConfig): Listeners {
  return sidecar(services, { meshConfig });
}

/** Of what a listener logs about requests and connections. */
function logs(listener: JsonObject | undefined): unknown[] {
  const chains = [...objects(listener?.filter_chains), ...objects([listener?.default_filter_chain ?? null])];
  return chains.map((chain) => objects(configOf(chain).access_log).length);
}

describe('the access log', () => {
  it.each<[string, MeshConfig, JsonObject]>([
    ['text by default', {}, { text_format_source: { inline_string: defaultTextFormat } }],
    ['text, with an end of the line', { accessLogFormat: '%PROTOCOL%' }, { text_format_source: { inline_string: '%PROTOCOL%\n' } }],
    ['text that ends', { accessLogFormat: '%PROTOCOL%\n' }, { text_format_source: { inline_string: '%PROTOCOL%\n' } }],
    ['JSON by default', { accessLogEncoding: 'JSON' }, { json_format: { ...defaultJsonFormat } }],
    ['JSON', { accessLogEncoding: 'JSON', accessLogFormat: '{"a": {"b": ["%PROTOCOL%", 1]}}' }, { json_format: { a: { b: ['%PROTOCOL%', 1] } } }],
    ['JSON that is none', { accessLogEncoding: 'JSON', accessLogFormat: '%PROTOCOL%' }, { json_format: { ...defaultJsonFormat } }],
    ['JSON that is no object', { accessLogEncoding: 'JSON', accessLogFormat: '["a"]' }, { json_format: { ...defaultJsonFormat } }],
  ])('%s', (_, meshConfig, format) => {
    const made = listeners({ accessLogFile: '/dev/stdout', ...meshConfig });
    expect(configOf(objects(made['10.0.0.1_90']?.filter_chains)[0]).access_log).toEqual([
      {
        name: 'envoy.access_loggers.file',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
          path: '/dev/stdout',
          log_format: format,
        },
      },
    ]);
  });

  it('is of every chain, but for connections to the proxy itself', () => {
    const made = listeners({ accessLogFile: '/var/log/access.log' });
    expect([logs(made['0.0.0.0_80']), logs(made.virtualOutbound)]).toEqual([
      [1, 1],
      [0, 1],
    ]);
    expect(logs(made.virtualInbound)[0]).toBe(0);
  });

  it('has connections that no chain takes, where there is a socket', () => {
    const made = listeners({ accessLogFile: '/dev/stdout' });
    expect(at(made.virtualInbound, 'access_log.0.filter')).toEqual({ response_flag_filter: { flags: ['NR'] } });
    expect(made['0.0.0.0_80']).not.toHaveProperty('access_log');
    expect(listeners({ accessLogFile: '/dev/stdout', disableEnvoyListenerLog: true }).virtualInbound).not.toHaveProperty('access_log');
  });

  it('is off by default', () => {
    expect(JSON.stringify(listeners({}))).not.toContain('access_log');
  });
});
