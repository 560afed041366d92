import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import { message } from '../src/analysis/message.ts';
import type { Resource } from '../src/manifest/resource.ts';
import {
  backendRefs,
  findNamed,
  gatewayGroup,
  isGatewayRef,
  isServiceRef,
  listenersOf,
  parentRefs,
  type Reference,
  routeKinds,
  routesOf,
} from '../src/model/gateway-api.ts';
import { ReferenceGrants } from '../src/model/reference-grants.ts';

const WFT1018 = message<{ kind: string; target: string; namespace: string; from: Resource }>({
  name: 'ReferenceNotGranted',
  level: 'Error',
  summary: 'a reference into another namespace that no ReferenceGrant there allows',
  text: ({ kind, target, namespace, from }) =>
    `${kind} "${target}" is in namespace "${namespace}", where no ReferenceGrant is for a reference of kind ${from.kind} from namespace "${from.namespace}"`,
  help: ({ kind, namespace, from }) =>
    `add a ReferenceGrant to namespace "${namespace}": from group ${gatewayGroup}, kind ${from.kind}, namespace ${from.namespace}; to group "", kind ${kind}`,
});

const messages = { WFT1018 };

/** ReferenceGrant of the Gateway API. Istio asks for none when a route is for the mesh (its parents are Services). */
export default defineAnalyzer({
  name: 'weft.ReferenceGrantAnalyzer',
  summary: 'references of the Gateway API into other namespaces are granted there',
  reads: [...routeKinds, 'gateway-api/Gateway', 'gateway-api/ReferenceGrant', 'Service'],
  preset: 'recommended',
  messages,
  check(context) {
    const { mesh } = context;
    for (const route of routesOf(mesh)) {
      if (!parentRefs(route).some(isGatewayRef)) continue;
      const isTcp = route.kind === 'TCPRoute' || route.kind === 'TLSRoute';
      for (const ref of backendRefs(route)) {
        // What does not exist needs no grant: the reference is wrong.
        if (!isServiceRef(ref) || (mesh.knows('Service') && !findNamed(mesh, 'Service', ref))) continue;
        checkReference(
          context,
          route,
          ref,
          ref.mirror ? 'the copies of requests are lost' : isTcp ? 'its share of the connections is closed' : 'its share of the requests gets 500',
        );
      }
    }
    for (const gateway of mesh.list('gateway-api/Gateway')) {
      for (const listener of listenersOf(gateway)) {
        for (const ref of listener.certificateRefs) {
          checkReference(context, gateway, ref, `listener "${listener.name}" has no certificate, and refuses connections`);
        }
      }
    }
  },
});

function checkReference({ mesh, knows, report }: Context<typeof messages>, from: Resource, ref: Reference, effect: string): void {
  const { namespace, name, kind } = ref;
  if (namespace === from.namespace || from.namespace === '' || namespace === '' || !knows('gateway-api/ReferenceGrant')) return;
  const group = ref.group === 'core' ? '' : ref.group;
  if (ReferenceGrants.of(mesh).allow({ group: gatewayGroup, kind: from.kind, namespace: from.namespace }, { group, kind, namespace, name })) return;
  const related = mesh
    .listIn('gateway-api/ReferenceGrant', namespace)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .slice(0, 1)
    .map((grant) => ({ resource: grant, path: ['spec'], text: 'this one grants something else' }));
  report('WFT1018', from, [...ref.path, 'namespace'], { kind, target: name, namespace, from }, { effect, related });
}
