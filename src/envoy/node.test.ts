import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProxyIdentity } from '../ir/table.ts';
import { identityOfNode, nodeOf, type ProxyNode } from './node.ts';

const word = fc.stringMatching(/^[a-z]([a-z0-9-]{0,6}[a-z0-9])?$/);
const identity: fc.Arbitrary<ProxyIdentity> = fc.record({
  role: fc.constantFrom('sidecar', 'gateway'),
  namespace: word,
  name: fc.oneof(
    fc.constant(''),
    word,
    fc.tuple(word, word).map((parts) => parts.join('.')),
  ),
  labels: fc.dictionary(fc.constantFrom('app', 'version', 'a.b/c'), fc.string()),
  serviceAccount: word,
  locality: fc.record({ region: word, zone: word, subzone: fc.oneof(fc.constant(''), word) }),
  addresses: fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 3 }),
});

const node: ProxyNode = {
  id: 'sidecar~10.1.2.3~cart-1.shop~shop.svc.cluster.local',
  cluster: '',
  locality: { region: '', zone: '', subzone: '' },
  metadata: {},
};

it('a node names its proxy: what is written is read', () => {
  fc.assert(
    fc.property(identity, fc.constantFrom('sds', 'none'), (proxy, meshTls) => {
      const one = { identity: proxy, options: { meshTls } } as const;
      expect(identityOfNode(JSON.parse(JSON.stringify(nodeOf(one, 'mesh'))) as ProxyNode)).toEqual(one);
    }),
  );
});

it('is as istio-agent writes it', () => {
  const proxy: ProxyIdentity = {
    role: 'gateway',
    namespace: 'istio-system',
    name: 'edge-0',
    labels: { app: 'edge' },
    serviceAccount: 'edge',
    locality: { region: 'r', zone: 'z', subzone: '' },
    addresses: ['10.0.0.7', 'fd00::7'],
  };
  expect(nodeOf({ identity: proxy, options: { meshTls: 'sds' } })).toEqual({
    id: 'router~10.0.0.7~edge-0.istio-system~istio-system.svc.cluster.local',
    cluster: 'edge.istio-system',
    locality: { region: 'r', zone: 'z', subzone: '' },
    metadata: {
      NAME: 'edge-0',
      NAMESPACE: 'istio-system',
      LABELS: { app: 'edge' },
      SERVICE_ACCOUNT: 'edge',
      INSTANCE_IPS: '10.0.0.7,fd00::7',
      WEFT_MESH_TLS: 'sds',
    },
  });
});

describe('what istio-agent sends', () => {
  const read = (change: Partial<ProxyNode>): Partial<ProxyIdentity> => {
    const found = identityOfNode({ ...node, ...change });
    if ('problem' in found) throw new Error(found.problem);
    return found.identity;
  };

  it.each<[string, Partial<ProxyNode>, Partial<ProxyIdentity>]>([
    ['the id alone is enough', {}, { role: 'sidecar', name: 'cart-1', namespace: 'shop', addresses: ['10.1.2.3'], serviceAccount: 'default', labels: {} }],
    ['a name with dots', { id: 'sidecar~10.1.2.3~cart.v1.shop~x' }, { name: 'cart.v1', namespace: 'shop' }],
    ['metadata counts more than the id', { metadata: { NAME: 'a', NAMESPACE: 'b', SERVICE_ACCOUNT: 'c' } }, { name: 'a', namespace: 'b', serviceAccount: 'c' }],
    ['all addresses', { metadata: { INSTANCE_IPS: '10.1.2.3,fd00::1' } }, { addresses: ['10.1.2.3', 'fd00::1'] }],
    ['labels that are no text are left out', { metadata: { LABELS: { app: 'cart', n: 1 } } }, { labels: { app: 'cart' } }],
    ['a locality by label', { metadata: { LABELS: { 'istio-locality': 'r.z.s' } } }, { locality: { region: 'r', zone: 'z', subzone: 's' } }],
    [
      'a locality by labels of the node',
      { metadata: { LABELS: { 'topology.kubernetes.io/region': 'r', 'topology.kubernetes.io/zone': 'z' } } },
      { locality: { region: 'r', zone: 'z', subzone: '' } },
    ],
    [
      'its own locality counts more',
      { locality: { region: 'own', zone: '', subzone: '' }, metadata: { LABELS: { 'istio-locality': 'r' } } },
      { locality: { region: 'own', zone: '', subzone: '' } },
    ],
    ['metadata of wrong types', { metadata: { NAME: 1, LABELS: null, INSTANCE_IPS: [] } }, { name: 'cart-1', labels: {}, addresses: ['10.1.2.3'] }],
  ])('%s', (_, change, expected) => expect(read(change)).toMatchObject(expected));

  it('it has certificates', () => expect(identityOfNode(node)).toMatchObject({ options: { meshTls: 'sds' } }));
});

it.each([
  ['', 'is not TYPE~IP~NAME.NAMESPACE~DOMAIN'],
  ['sidecar~1.2.3.4~a.b', 'is not TYPE~IP~NAME.NAMESPACE~DOMAIN'],
  ['sidecar~1.2.3.4~a.b~c~d', 'is not TYPE~IP~NAME.NAMESPACE~DOMAIN'],
  ['waypoint~1.2.3.4~a.b~c', 'is of type waypoint: there is configuration for sidecar and router only'],
  ['sidecar~1.2.3.4~~c', 'names no namespace'],
])('a node with the id "%s" %s', (id, problem) => expect(identityOfNode({ ...node, id })).toEqual({ problem: `node "${id}" ${problem}` }));
