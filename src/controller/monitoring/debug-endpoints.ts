import { redacted } from '../../envoy/redact.ts';
import { readDistributionRequest } from '../../envoy/xds/control-plane-api.ts';
import { proxyStatuses } from '../../envoy/xds/proxy-statuses.ts';
import { XdsRefusal } from '../../envoy/xds/view.ts';
import { type AdminReply, type AdminRequest, type Endpoint, json, text } from '../../proxy/admin/http-server.ts';
import { namedProxy } from '../../translate/workload-identity.ts';
import type { Distribution } from '../distribution/distribution.ts';
import { remarkText } from '../judged-text.ts';
import type { MeshState } from '../mesh-state.ts';
import type { WatchState } from '../watch/watches.ts';
import type { XdsService } from '../xds/xds-service.ts';

export interface DebugFacts {
  state: MeshState;
  xds: XdsService;
  distribution: Distribution;
  watches(): WatchState[];
  /** What is known of this replica. */
  controller(): Record<string, unknown>;
}

const unready: AdminReply = text('there is no mesh yet: not everything was read\n', 503);

/** What the controller knows, as JSON, for those in its pod: `kubectl port-forward` is there, too. */
export function debugEndpoints({ state, xds, distribution, watches, controller }: DebugFacts): Endpoint[] {
  const whenReady =
    (handle: (request: AdminRequest) => AdminReply): Endpoint['handle'] =>
    (request) =>
      state.isReady ? handle(request) : unready;
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
      path: '/debug/versions',
      help: 'names and versions of what a connected proxy is to have',
      parameters: { node: 'its id, as /debug/proxies has it' },
      handle: whenReady(({ query }) => {
        const versions = xds.versionsFor(query.get('node') ?? '');
        return versions ? json(versions) : text('no such proxy is connected: say which, /debug/versions?node=ID\n', 404);
      }),
    },
    {
      path: '/debug/distribution',
      help: 'which proxies have acknowledged a resource, or its removal',
      parameters: {
        resource: 'KIND/NAMESPACE/NAME',
        resourceVersion: 'this version or a later one; default: the last one that is known here',
        for: 'distribution (default) or delete',
      },
      handle: ({ query }) => (state.isReady ? distributionReply(distribution, query) : unready),
    },
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

async function distributionReply(distribution: Distribution, query: URLSearchParams): Promise<AdminReply> {
  const [, kind = '', namespace = '', name = ''] = /^((?:gateway-api\/)?[^/]+)\/([^/]*)\/([^/]+)$/.exec(query.get('resource') ?? '') ?? [];
  const resourceVersion = query.get('resourceVersion') ?? undefined;
  const request = readDistributionRequest({ for: query.get('for') ?? 'distribution', kind, namespace, name, resourceVersion });
  if (typeof request === 'string') return text(`${request}: /debug/distribution?resource=VirtualService/shop/cart\n`, 400);
  return json(await distribution.distribution(request));
}

function tableReply(xds: XdsService, query: URLSearchParams): AdminReply {
  const gateway = query.get('gateway');
  const [namespace = '', name = '', ...rest] = (gateway ?? query.get('proxy') ?? '').split('/');
  if (namespace === '' || name === '' || rest.length > 0) return text('say which: /debug/table?proxy=NAMESPACE/NAME\n', 400);
  try {
    return json(redacted(xds.tableOf(namedProxy(gateway === null ? 'sidecar' : 'gateway', namespace, name))));
  } catch (error) {
    if (error instanceof XdsRefusal) return text(`${error.message}\n`, 404);
    throw error;
  }
}
