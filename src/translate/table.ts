import { hash } from 'node:crypto';
import type { EnvoyPatch } from '../ir/envoy-patch.ts';
import type { MeshSettings, ProxyIdentity, RoutingTable, Security, Status } from '../ir/table.ts';
import type { EndpointOverride } from '../model/endpoint-overrides.ts';
import { routeKinds } from '../model/gateway-api.ts';
import type { Mesh } from '../model/mesh.ts';
import { keepList } from '../model/same.ts';
import { merged } from './by-name.ts';
import { selectPatches } from './envoy-filters/select.ts';
import { keepEqual, keepWhole } from './keep-equal.ts';
import { type OwnPart, OwnParts } from './own-part.ts';
import { meshSettings } from './proxy-settings.ts';
import { type ProxyView, viewOf } from './proxy-view.ts';
import { SecurityParts } from './security/security.ts';
import { SharedParts, type TablePart } from './shared-part.ts';
import { inOrder } from './statuses.ts';

export interface TableOptions {
  /** Addresses that stand in for endpoints of the manifests. */
  overrides?: readonly EndpointOverride[];
}

/** Kinds that parts of tables are made of. */
export const tableReads = [
  'Service',
  'ServiceEntry',
  'WorkloadEntry',
  'EndpointSlice',
  'Endpoints',
  'Pod',
  'Node',
  'Namespace',
  'VirtualService',
  'DestinationRule',
  'Gateway',
  'Sidecar',
  'PeerAuthentication',
  'AuthorizationPolicy',
  'RequestAuthentication',
  'MeshConfig',
  'gateway-api/Gateway',
  'gateway-api/ReferenceGrant',
  ...routeKinds,
] as const;

/** Lists of a whole table. */
interface Joined extends Pick<RoutingTable, 'listeners' | 'routes' | 'clusters' | 'statuses'> {
  shared: TablePart;
  own: OwnPart;
  problems: readonly Status[];
}

/** Everything that was made for the tables of one mesh. */
class Tables {
  readonly shared: SharedParts;
  readonly own: OwnParts;
  readonly security: SecurityParts;
  private readonly views = new Map<string, ProxyView>();
  private readonly joined = new Map<string, Joined>();
  /** By proxy. */
  private readonly ofProxies = new Map<string, Joined>();
  /** Lists of two, by the first of them. */
  private readonly lists = new Map<unknown, { own: unknown; list: unknown }[]>();
  private readonly former: ReadonlyMap<string, Joined>;

  static of(mesh: Mesh): Tables {
    return mesh.memo<Tables>('routing tables', tableReads, (former) => new Tables(former));
  }

  private constructor(former: Tables | undefined) {
    this.shared = new SharedParts(former?.shared);
    this.own = new OwnParts(former?.own);
    this.security = new SecurityParts(former?.security);
    this.former = former?.ofProxies ?? new Map();
  }

  /** @param id of the proxy */
  viewOf(mesh: Mesh, id: string, proxy: ProxyIdentity): ProxyView {
    let view = this.views.get(id);
    if (!view) {
      view = viewOf(mesh, proxy);
      this.views.set(id, view);
    }
    return view;
  }

  /** The lists of two parts as one. @param key equal for proxies with the same parts */
  join(proxy: string, key: string, shared: TablePart, own: OwnPart, problems: readonly Status[]): Joined {
    let joined = this.joined.get(key);
    if (joined?.shared !== shared || joined.own !== own || joined.problems !== problems) {
      joined = this.make(shared, own, problems, this.ofProxies.get(proxy) ?? this.former.get(proxy));
      this.joined.set(key, joined);
    }
    this.ofProxies.set(proxy, joined);
    return joined;
  }

  private make(shared: TablePart, own: OwnPart, problems: readonly Status[], former: Joined | undefined): Joined {
    const sameStatuses = former?.shared.statuses === shared.statuses && former.problems === problems;
    const statuses = problems.length > 0 && !sameStatuses ? inOrder([shared.statuses, problems]) : (shared.statuses as Status[]);
    return {
      shared,
      own,
      problems,
      listeners: this.list(former?.listeners, shared.listeners, own.listeners),
      routes: this.list(former?.routes, shared.routes, own.routes),
      clusters: this.list(former?.clusters, shared.clusters, own.clusters),
      statuses: sameStatuses ? former.statuses : keepWhole(former?.statuses, statuses),
    };
  }

  /** One for all proxies with the same two; the former one where that has the same items. */
  private list<T extends { name: string }>(former: readonly T[] | undefined, shared: readonly T[], own: readonly T[]): T[] {
    const known = this.lists.get(shared) ?? [];
    const found = known.find((one) => one.own === own)?.list as readonly T[] | undefined;
    const list = keepList(former, found ?? merged(shared, own));
    if (!found) this.lists.set(shared, [...known, { own, list }]);
    return list as T[];
  }
}

/**
 * The routing table of a proxy: what Istio's control plane would configure it with. The same mesh and proxy give the same table, to
 * the byte of its JSON. An object that is not right has a status, and the rest of the table is there all the same.
 *
 * Tables share what is the same in them, and so do tables of a mesh and of the meshes that come after it (`Mesh.with`): what did not
 * change is the same object, down to each listener, route configuration, virtual host, cluster and list of endpoints, and up to the
 * lists of them. Tables are read, and never written to.
 */
export function routingTable(mesh: Mesh, proxy: ProxyIdentity, options: TableOptions = {}): RoutingTable {
  const { overrides = [] } = options;
  const tables = Tables.of(mesh);
  const { patches, problems } = selectPatches(mesh, proxy);
  const id = keyOf(proxy);
  const view = tables.viewOf(mesh, id, proxy);
  const shared = tables.shared.of(mesh, id, view, overrides);
  const own = tables.own.of(mesh, id, proxy);
  const { security, statuses: ofPolicies, digest } = tables.security.of(mesh, proxy);
  const key = `${view.key}${own.digest}${digest}${overrides.length > 0 ? JSON.stringify(overrides) : ''}`;
  const { listeners, routes, clusters, statuses } = tables.join(id, key, shared, own, both(problems, ofPolicies));
  return { proxy, mesh: settingsOf(mesh), listeners, routes, clusters, ...(security ? { security } : {}), envoyPatches: patches, statuses };
}

/** What the table of a proxy asks of those who come in, without the rest of the table. */
export function securityOf(mesh: Mesh, proxy: ProxyIdentity): Security | undefined {
  return Tables.of(mesh).security.of(mesh, proxy).security;
}

/** Proxies with equal keys have equal tables, but for `proxy`, as long as they have the same overrides. */
export function viewKey(mesh: Mesh, proxy: ProxyIdentity): string {
  const { patches, problems } = selectPatches(mesh, proxy);
  const tables = Tables.of(mesh);
  const id = keyOf(proxy);
  const parts = [tables.viewOf(mesh, id, proxy).key, tables.own.of(mesh, id, proxy).digest, tables.security.of(mesh, proxy).digest];
  if (patches.length + problems.length > 0) parts.push(digestOf(patches), digestOf(problems));
  return parts.join(' ');
}

const joint = new WeakMap<readonly Status[], WeakMap<readonly Status[], readonly Status[]>>();

/** The same list for the same two. */
function both(a: readonly Status[], b: readonly Status[]): readonly Status[] {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  const ofA = joint.get(a) ?? new WeakMap<readonly Status[], readonly Status[]>();
  joint.set(a, ofA);
  const list = ofA.get(b) ?? [...a, ...b];
  ofA.set(b, list);
  return list;
}

/** Equal for equal proxies. */
function keyOf({ role, namespace, name, labels, serviceAccount, locality, addresses }: ProxyIdentity): string {
  return JSON.stringify([role, namespace, name, labels, serviceAccount, locality.region, locality.zone, locality.subzone, addresses]);
}

const digests = new WeakMap<readonly (EnvoyPatch | Status)[], string>();

function digestOf(list: readonly (EnvoyPatch | Status)[]): string {
  const found = digests.get(list) ?? hash('sha1', JSON.stringify(list), 'base64url');
  digests.set(list, found);
  return found;
}

function settingsOf(mesh: Mesh): MeshSettings {
  return mesh.memo<MeshSettings>('mesh settings', ['MeshConfig'], (former) => keepEqual(former, meshSettings(mesh)));
}
