import { expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import type { MeshConfig } from '../src/manifest/istio/mesh.gen.ts';
import analyzer from './gateway-tls-versions.ts';

const run = (tls: string, meshConfig: MeshConfig = {}) =>
  findingsOf(
    analyzer,
    `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {selector: {app: edge}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: ['*'], tls: {${tls}}}]}
`,
    { preset: 'recommended', meshConfig },
  );
const simple = 'mode: SIMPLE, credentialName: cert';
const only13: MeshConfig = { tlsDefaults: { minProtocolVersion: 'TLSV1_3' } };

it.each([
  [simple, {}],
  [`${simple}, maxProtocolVersion: TLSV1_2`, {}],
  [`${simple}, minProtocolVersion: TLSV1_3`, {}],
  [`${simple}, minProtocolVersion: TLSV1_0, maxProtocolVersion: TLSV1_1`, {}],
  [`${simple}, minProtocolVersion: TLSV1_2, maxProtocolVersion: TLSV1_2`, only13],
  ['mode: PASSTHROUGH, minProtocolVersion: TLSV1_3, maxProtocolVersion: TLSV1_2', {}],
] satisfies [string, MeshConfig][])('%s has versions', (tls, meshConfig) => expect(run(tls, meshConfig)).toEqual([]));

it.each([
  [`${simple}, minProtocolVersion: TLSV1_3, maxProtocolVersion: TLSV1_2`, {}, 'TLSv1.2', 'TLSv1.3', 1],
  [`${simple}, maxProtocolVersion: TLSV1_1`, {}, 'TLSv1.1', 'TLSv1.2', 0],
  [`${simple}, maxProtocolVersion: TLSV1_2`, only13, 'TLSv1.2', 'TLSv1.3', 0],
] satisfies [string, MeshConfig, string, string, number][])('%s has none', (tls, meshConfig, newest, oldest, related) => {
  const [said, ...more] = run(tls, meshConfig);
  expect(more).toEqual([]);
  expect(said).toMatchObject({ code: 'WFT1035', level: 'Error', path: ['spec', 'servers', 0, 'tls', 'maxProtocolVersion'] });
  expect(said?.text).toBe(`no client can connect: the newest version of TLS is to be ${newest}, the oldest ${oldest}`);
  expect(said?.related ?? []).toHaveLength(related);
});
