import { describe, expect, it } from 'vitest';
import type { FilterChain, FilterChainMatch, Listener } from '../../ir/listener.ts';
import { listenerFilters } from './listener-filters.ts';

const filter: FilterChain['filter'] = { kind: 'tcp', clusters: [{ cluster: 'c', weight: 1 }], statPrefix: 'c', hashSourceIp: false };

function inspected(name: string, direction: Listener['direction'], ...matches: FilterChainMatch[]): string[] {
  const chains = matches.map((match): FilterChain => ({ name: '', match, filter }));
  const listener: Listener = {
    name,
    direction,
    address: '0.0.0.0',
    port: 15006,
    bind: true,
    chains,
    inspectHttp: true,
    inspectTls: true,
    detectionTimeoutMs: 0,
  };
  return listenerFilters(listener, chains).map(({ name: of, filter_disabled }) =>
    `${String(of).split('.').at(-1)} ${JSON.stringify(filter_disabled) ?? ''}`.trim(),
  );
}

const tls: FilterChainMatch = { transport: 'tls' };
const http: FilterChainMatch = { transport: 'raw_buffer', applicationProtocols: ['http/1.1', 'h2c'] };
const at = (destinationPort: number, match: FilterChainMatch = {}): FilterChainMatch => ({ ...match, destinationPort });
const range = (start: number): string => `{"destination_port_range":{"start":${start},"end":${start + 1}}}`;

describe('inspectors of the inbound listener', () => {
  it.each<[string, FilterChainMatch[], string[]]>([
    ['nothing to look for', [{}, at(15006)], ['original_dst']],
    ['everywhere', [tls, http], ['original_dst', 'tls_inspector', 'http_inspector']],
    ['everywhere but at one port', [tls, at(15006)], ['original_dst', `tls_inspector ${range(15006)}`]],
    ['everywhere but at some ports', [http, at(90), at(15006)], ['original_dst', `http_inspector {"or_match":{"rules":[${range(90)},${range(15006)}]}}`]],
    ['at one port', [{}, at(80, http), at(15006)], ['original_dst', `http_inspector {"not_match":${range(80)}}`]],
    [
      'at some ports, in order',
      [{}, at(90, tls), at(80, tls), at(80), at(15006)],
      ['original_dst', `tls_inspector {"not_match":{"or_match":{"rules":[${range(80)},${range(90)}]}}}`],
    ],
  ])('%s', (_, matches, expected) => {
    expect(inspected('virtualInbound', 'inbound', ...matches)).toEqual(expected);
  });
});

describe('inspectors of other listeners', () => {
  it('have no ports to choose from', () => {
    expect(inspected('10.0.0.1_8080', 'inbound', at(8080, tls), at(8080, http))).toEqual(['tls_inspector', 'http_inspector']);
  });

  it('are there as the table says outbound, where server names tell TLS', () => {
    expect(inspected('0.0.0.0_443', 'outbound', { serverNames: ['a'] })).toEqual(['tls_inspector', 'http_inspector']);
  });
});
