// Core kinds are read as they are written: any field may hold anything.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type RawObject, Resource } from '../../manifest/resource.ts';
import { Mesh } from '../../model/mesh.ts';
import { defaultMeshConfig } from '../../model/mesh-config.ts';
import { Services } from '../../model/services.ts';
import { inboundFor } from './inbound.ts';
import { clustersFor, proxyIn } from './testing.ts';

const anything = fc.oneof({ depthSize: 'small' }, fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(80, '80', 'http', null, {}, [null], [{}]));
const or = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<unknown> => fc.oneof({ weight: 3, arbitrary: value }, { weight: 1, arbitrary: anything });
const fields = (model: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> => or(fc.record(model, { requiredKeys: [] }));
const list = (item: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => or(fc.array(item, { maxLength: 2 }));

const labels = fields({ app: fc.constant('cart') });
const port = fields({ name: or(fc.constantFrom('http', 'web')), port: or(fc.integer()), targetPort: anything, protocol: anything, appProtocol: anything });
const service = fields({
  selector: labels,
  ports: list(port),
  clusterIP: anything,
  clusterIPs: anything,
  type: or(fc.constant('ExternalName')),
  externalName: anything,
});
const pod = fields({ containers: list(fields({ name: anything, ports: list(fields({ name: anything, containerPort: anything })) })), nodeName: anything });
const status = fields({ podIP: or(fc.constant('10.1.0.1')), phase: anything, conditions: list(fields({ type: or(fc.constant('Ready')), status: anything })) });
const endpoint = fields({
  addresses: list(or(fc.constant('10.1.0.2'))),
  conditions: fields({ ready: anything }),
  targetRef: fields({ kind: or(fc.constant('Pod')), name: anything }),
  nodeName: anything,
});

function resource(kind: string, name: string, body: Record<string, unknown>, more: Record<string, unknown> = {}): Resource {
  const raw = {
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: 'shop', labels: { app: 'cart', 'kubernetes.io/service-name': 'cart' }, ...more },
    ...body,
  } as RawObject;
  return new Resource(raw, kind, 'shop', undefined);
}

it('nothing that a core kind holds stops the translation, and endpoints have addresses and numbers', () => {
  fc.assert(
    fc.property(service, pod, status, list(endpoint), list(port), anything, (ofService, ofPod, ofStatus, endpoints, ports, owner) => {
      const mesh = new Mesh(
        [
          resource('Service', 'cart', { spec: ofService }),
          resource('Pod', 'cart-1', { spec: ofPod, status: ofStatus }, { ownerReferences: owner, creationTimestamp: owner }),
          resource('EndpointSlice', 'cart', { endpoints, ports, addressType: owner }),
          resource('Endpoints', 'cart', { subsets: [{ addresses: endpoints, ports }, ports, null] }),
          resource('Node', 'n', {}),
        ].slice(0, endpoints === null ? 2 : 5),
        {
          assume: 'complete',
          istioNamespace: 'istio-system',
          templates: false,
          knownHosts: [],
          now: new Date(0),
          meshConfig: defaultMeshConfig('istio-system'),
        },
      );
      const proxy = proxyIn('shop', { labels: { app: 'cart' }, addresses: ['10.1.0.1'] });
      const clusters = [...clustersFor(mesh, proxy, Services.of(mesh).visibleTo('shop')), ...inboundFor(mesh, proxy).clusters];
      for (const { localities } of clusters) {
        for (const { endpoints: found } of localities)
          for (const { address, port: number } of found) expect([typeof address, typeof number]).toEqual(['string', 'number']);
      }
      expect(JSON.parse(JSON.stringify(clusters))).toEqual(clusters);
    }),
    { numRuns: 400 },
  );
});
