import { expect, it } from 'vitest';
import { plainStyle } from '../../analysis/report/style.ts';
import { typeUrls } from '../../envoy/type-urls.ts';
import type { ClientStatus, SyncState, TypeStatus } from '../../envoy/xds/client-status.ts';
import { isCalled, proxyStatuses } from '../../envoy/xds/proxy-statuses.ts';
import { ago, comparisonText, statusDetail, statusTable } from './text.ts';

const now = Date.parse('2026-01-02T03:04:05Z');

const type = (typeUrl: string, state: SyncState, more: Partial<TypeStatus> = {}): TypeStatus => ({
  typeUrl,
  state,
  version: state === 'NOT_SENT' ? '' : 'v1',
  answeredAt: state === 'NOT_SENT' ? undefined : now - 65_000,
  refusal: undefined,
  ...more,
});

function client(id: string, userAgent: string, types: TypeStatus[]): ClientStatus {
  return { node: { id, cluster: '', locality: { region: '', zone: '', subzone: '' }, metadata: {}, userAgent }, variant: 'delta', types };
}

const idOf = (name: string, namespace: string, role = 'sidecar'): string => `${role}~10.0.0.1~${name}.${namespace}~${namespace}.svc.cluster.local`;

const { cluster, endpoints, listener, routes, virtualHost, tablePart } = typeUrls;

const refusal = { text: 'Error adding/updating listener(s) 0.0.0.0_80:\nunknown \u001b[31mfilter', time: now - 5_000, version: 'v2' };
const clients = [
  client(idOf('web', 'shop'), 'envoy/1.40.0', [
    type(cluster, 'SYNCED'),
    type(endpoints, 'STALE'),
    type(listener, 'ERROR', { refusal }),
    type(routes, 'NOT_SENT'),
  ]),
  client(
    idOf('gw', 'edge', 'router'),
    'envoy/1.40.0',
    [cluster, endpoints, listener, routes, virtualHost].map((url) => type(url, 'SYNCED')),
  ),
  client(idOf('cart.v1', 'shop'), 'weft/1.2.3', [type(tablePart, 'SYNCED')]),
];

const table = (some: readonly ClientStatus[]): string[] => statusTable(proxyStatuses(some), plainStyle).split('\n');

it('one row a proxy, by name, with the columns that somebody has', () => {
  expect(table(clients)).toEqual([
    'NAME          PROXY         CDS     LDS     EDS     RDS       VHDS    TABLE',
    'cart.v1.shop  weft 1.2.3    -       -       -       -         -       SYNCED',
    'gw.edge       envoy 1.40.0  SYNCED  SYNCED  SYNCED  SYNCED    SYNCED  -',
    'web.shop      envoy 1.40.0  SYNCED  ERROR   STALE   NOT SENT  -       -',
    '',
    '✘ web.shop refuses LDS: Error adding/updating listener(s) 0.0.0.0_80: unknown  [31mfilter',
    '',
  ]);
});

it.each<[string, ClientStatus[], string]>([
  ['embedded sidecars only', [client(idOf('a', 'b'), 'weft/1', [type(tablePart, 'SYNCED')])], 'NAME  PROXY   TABLE'],
  ['an Envoy that has just connected', [client(idOf('a', 'b'), 'envoy/1', [type(cluster, 'STALE')])], 'NAME  PROXY    CDS    LDS  EDS  RDS'],
  ['nothing asked for yet', [client(idOf('a', 'b'), 'envoy/1', [])], 'NAME  PROXY'],
  ['another type', [client(idOf('a', 'b'), 'x/1', [type('type.googleapis.com/envoy.service.runtime.v3.Runtime', 'SYNCED')])], 'NAME  PROXY  Runtime'],
])('columns for %s', (_, some, expected) => {
  expect(table(some)[0]).toBe(expected);
});

it('in a cluster, the replica that each is connected to', () => {
  const pod = { namespace: 'istio-system', name: 'weft-controller-1', uid: '1', revision: 'default', isReady: true, isTerminating: false };
  const rows = proxyStatuses(clients).map((proxy) => ({ ...proxy, replica: { name: pod.name, pod } }));
  const [head = '', first = ''] = statusTable(rows, plainStyle).split('\n');
  expect([head.split(/ {2,}/).at(-1), first.split(/ {2,}/).at(-1)]).toEqual(['CONTROLLER', 'weft-controller-1']);
  expect(rows[0] && statusDetail(rows[0], now, plainStyle).split('\n')[2]).toBe('connected to weft-controller-1');
});

it('what a proxy has beside what its controller has', () => {
  const text = comparisonText(
    [
      { part: 'clusters', same: 12, differ: [], missing: [], extra: [] },
      { part: 'listeners', same: 1, differ: ['0.0.0.0_80'], missing: Array.from({ length: 22 }, (_, i) => `10.0.0.${i}_80`), extra: ['old\u001b[31m'] },
    ],
    plainStyle,
  );
  expect(text).toBe(`Clusters match (12)
Listeners do not match (1 match)
  another version: 0.0.0.0_80
  not in the proxy: ${Array.from({ length: 20 }, (_, i) => `10.0.0.${i}_80`).join(', ')}, and 2 more
  in the proxy only: old [31m
A change that is on its way looks so, too: ask again.
`);
});

it('a node that is none of a mesh is called by its id', () => {
  expect(table([client('my-envoy', 'envoy/1', [])])[1]).toBe('my-envoy  envoy 1');
});

it('colours do not move the columns', () => {
  const style = { ...plainStyle, good: (text: string) => `<${text}>`, warning: (text: string) => `<${text}>`, error: (text: string) => `<${text}>` };
  const plain = table(clients);
  const coloured = statusTable(proxyStatuses(clients), style).split('\n');
  expect(coloured[3]).toBe('web.shop      envoy 1.40.0  <SYNCED>  <ERROR>   <STALE>   <NOT SENT>  -       -');
  expect(coloured.map((line) => line.replace(/[<>]/g, ''))).toEqual(plain);
});

it('one proxy in detail', () => {
  const [, , web] = proxyStatuses(clients);
  expect(web && statusDetail(web, now, plainStyle)).toBe(`web.shop  envoy 1.40.0, delta
sidecar~10.0.0.1~web.shop~shop.svc.cluster.local

TYPE  STATUS    VERSION  ANSWERED
CDS   SYNCED    v1       1m 5s ago
LDS   ERROR     v1       1m 5s ago
EDS   STALE     v1       1m 5s ago
RDS   NOT SENT  -        never

✘ LDS refused 5s ago, version v2:
  Error adding/updating listener(s) 0.0.0.0_80:
  unknown  [31mfilter
`);
});

it.each([
  ['web', ['web.shop']],
  ['web.shop', ['web.shop']],
  ['shop/web', ['web.shop']],
  ['cart.v1', ['cart.v1.shop']],
  ['router~10.0.0.1~gw.edge~edge.svc.cluster.local', ['gw.edge']],
  ['we', []],
  ['shop', []],
])('found by %s', (name, expected) => {
  expect(
    proxyStatuses(clients)
      .filter((proxy) => isCalled(proxy, name))
      .map((proxy) => `${proxy.name}.${proxy.namespace}`),
  ).toEqual(expected);
});

it.each([
  [-5, '0s'],
  [999, '0s'],
  [59_999, '59s'],
  [60_000, '1m'],
  [3_605_000, '1h'],
  [3_660_000, '1h 1m'],
  [90_061_000, '1d 1h'],
])('%i ms', (ms, expected) => {
  expect(ago(ms)).toBe(expected);
});
