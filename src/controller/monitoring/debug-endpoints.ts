import { proxyStatuses } from '../../envoy/xds/proxy-statuses.ts';
import { XdsRefusal } from '../../envoy/xds/view.ts';
import { type AdminReply, type AdminRequest, type Endpoint, json, text } from '../../proxy/admin/http-server.ts';
import { namedProxy } from '../../translate/workload-identity.ts';
import { remarkText } from '../judged-text.ts';
import type { MeshState } from '../mesh-state.ts';
import type { WatchState } from '../watch/watches.ts';
import type { XdsService } from '../xds/xds-service.ts';

export interface DebugFacts {
  state: MeshState;
  xds: XdsService;
  watches(): WatchState[];
  /** What is known of this replica. */
  controller(): Record<string, unknown>;
}

/** What the controller knows, as JSON, for those in its pod: `kubectl port-forward` is there, too. */
export function debugEndpoints({ state, xds, watches, controller }: DebugFacts): Endpoint[] {
  const whenReady =
    (handle: (request: AdminRequest) => AdminReply): Endpoint['handle'] =>
    (request) =>
      state.isReady ? handle(request) : text('there is no mesh yet: not everything was read\n', 503);
  const endpoints: Omit<Endpoint, 'local'>[] = [
    { path: '/debug/controller', help: 'this replica: revision, leader, certificates', handle: () => json(controller()) },
    {
      path: '/debug/mesh',
      help: 'what the mesh is made of, and what was left out',
      handle: whenReady(() => {
        const { mesh } = state;
        const kinds = watches().filter(({ name }) => name === undefined);
        return json({
          resources: mesh.size,
          namespaces: mesh.list('Namespace').length,
          kinds: Object.fromEntries(kinds.map(({ kind }) => [kind, mesh.list(kind).length]).filter(([, count]) => count !== 0)),
          proxies: xds.size,
          judged: [...state.judged.values()].map(({ kind, namespace, name, verdict, isLeftOut }) => ({
            kind,
            namespace,
            name,
            isLeftOut,
            said: [...verdict.undecodable, ...verdict.errors, ...verdict.unknown, ...verdict.warnings].map(remarkText),
          })),
        });
      }),
    },
    { path: '/debug/resources', help: 'what is watched: kinds, objects, problems', handle: () => json(watches()) },
    { path: '/debug/proxies', help: 'connected proxies, and what they have acknowledged', handle: () => json(proxyStatuses(xds.statuses())) },
    {
      path: '/debug/table',
      help: 'the routing table of a proxy',
      parameters: { proxy: 'NAMESPACE/NAME of its pod', gateway: 'NAMESPACE/NAME of a gateway, in its place' },
      handle: whenReady((request) => tableReply(xds, request.query)),
    },
    { path: '/debug/config', help: 'the mesh configuration', handle: whenReady(() => json(state.mesh.meshConfig)) },
  ];
  return endpoints.map((endpoint) => ({ ...endpoint, local: true }));
}

function tableReply(xds: XdsService, query: URLSearchParams): AdminReply {
  const gateway = query.get('gateway');
  const [namespace = '', name = '', ...rest] = (gateway ?? query.get('proxy') ?? '').split('/');
  if (namespace === '' || name === '' || rest.length > 0) return text('say which: /debug/table?proxy=NAMESPACE/NAME\n', 400);
  try {
    return json(xds.tableOf(namedProxy(gateway === null ? 'sidecar' : 'gateway', namespace, name)));
  } catch (error) {
    if (error instanceof XdsRefusal) return text(`${error.message}\n`, 404);
    throw error;
  }
}
