import { expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { serversTaking } from './gateway-servers.ts';

const mesh = meshOf(`apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: infra}
spec: {servers: [{hosts: [a.example, "team/*.b.example"]}, null, {hosts: ["./*"]}, {hosts: ["*/A.example"]}]}
`);

it.each([
  ['a.example', 'shop', [0, 3]],
  ['A.EXAMPLE', 'infra', [0, 2, 3]],
  ['x.b.example', 'team', [0]],
  ['x.b.example', 'shop', []],
  ['*.example', 'shop', [0, 3]],
])('%s of %s is taken by %j', (host, namespace, servers) => {
  expect(serversTaking(mesh, mesh.find('Gateway', 'infra', 'edge') as never, host, namespace)).toEqual(servers);
});
