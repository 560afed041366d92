import { expect, it } from 'vitest';
import { CliError } from '../exit.ts';
import { readOwnDump } from './own-dump.ts';

it('before its first table a sidecar has nothing', () => {
  const about = { kind: 'ProxyConfigDump', version: '', generation: 0, statuses: [] };
  expect(readOwnDump({ configs: [about, { kind: 'ListenersConfigDump', listeners: [] }] }, 'x')).toEqual({
    bootstrap: about,
    listeners: [],
    routes: [],
    clusters: [],
    endpoints: [],
    hasAssignments: true,
    refused: [],
  });
});

it('tells which table the sidecar refused', () => {
  const rejected = { version: 'def', at: 1, findings: ['IST0106 weight -1', 'IST0101 no'] };
  expect(readOwnDump({ configs: [{ kind: 'ProxyConfigDump', rejected }] }, 'x')?.refused).toEqual([
    { what: 'routing table', name: 'def', why: 'IST0106 weight -1; IST0101 no' },
  ]);
});

it.each([null, 'x', [], {}, { configs: [] }, { configs: [{ kind: 'Cluster' }] }, { proxy: {} }, { clusters: [] }])('%j is of something else', (document) => {
  expect(readOwnDump(document, 'x')).toBeUndefined();
});

it.each([
  {
    configs: [
      { kind: 'ProxyConfigDump', proxy: {} },
      { kind: 'ClustersConfigDump', clusters: [{}] },
    ],
  },
  { proxy: {}, mesh: {}, clusters: [{}] },
])('%j is of another version', (document) => {
  expect(() => readOwnDump(document, 'dump.json')).toThrow(CliError);
});
