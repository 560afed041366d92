// The routing table of one proxy: plain data (JSON in, JSON out) in the shape that Envoy's listeners, routes, clusters and
// endpoints have. Absent optional fields mean "not limited" or "none"; durations are milliseconds.
import type { RequestAuthentication } from './authentication.ts';
import type { Authorization } from './authorization.ts';
import type { Cluster } from './cluster.ts';
import type { EnvoyPatch } from './envoy-patch.ts';
import type { Listener } from './listener.ts';
import type { RouteConfig } from './route.ts';

/** A place in the user's configuration that something of the table comes from. */
export interface Origin {
  /** Name of the kind as in src/manifest/kinds.ts. */
  kind: string;
  namespace: string;
  name: string;
  /** Of the field, from the root of the object; empty for the whole of it. */
  path: readonly (string | number)[];
}

/** `region/zone/subzone` in parts; empty parts are not known. */
export interface Locality {
  region: string;
  zone: string;
  subzone: string;
}

/** The proxy that the table is for. */
export interface ProxyIdentity {
  role: 'sidecar' | 'gateway';
  namespace: string;
  /** Of the pod; empty when only labels were given. */
  name: string;
  labels: Readonly<Record<string, string>>;
  serviceAccount: string;
  locality: Locality;
  /** Addresses of the workload itself. */
  addresses: readonly string[];
}

/** What of the mesh configuration a data plane needs itself. */
export interface MeshSettings {
  /** MAT-R10, MAT-R13 */
  pathNormalization: 'none' | 'base' | 'merge-slashes' | 'decode-and-merge-slashes';
  /** `/dev/stdout`, a file, or empty: no access log (TEL-R10). */
  accessLogFile: string;
  /** Empty: the default format. A JSON object as text where the encoding is JSON. */
  accessLogFormat: string;
  accessLogEncoding: 'text' | 'json';
  /** Connections that no filter chain takes are not in the access log (TEL-R14). */
  noListenerLog?: true;
  trustDomain: string;
  /** Trust domains whose workloads count as those of the mesh. */
  trustDomainAliases?: readonly string[];
  meshId: string;
  /** Absent: there are no spans. */
  tracing?: TracingSettings;
}

/** TEL-R30 */
export interface TracingSettings {
  /** Percent of the requests about which nobody has decided. */
  samplingPercent: number;
  /** Longest path that a span has; absent: what the proxy takes. */
  maxPathTagLength?: number;
  /** Tags that say where in the mesh a span is from. */
  meshTags: boolean;
  /** Further ones, by name. */
  tags: readonly TraceTag[];
}

/** A tag with a fixed value, one of the proxy's environment, or one of a request's header. */
export type TraceTag = { tag: string } & ({ kind: 'literal'; value: string } | { kind: 'environment' | 'header'; name: string; default: string });

/** A problem that an object of the user had when the table was made: the rest of the table is there all the same. */
export interface Status {
  origin: Origin;
  /** `unknown-host`, `unknown-subset`, `invalid-regex`, `missing-delegate` …: kebab-case, stable. */
  reason: string;
  message: string;
}

/** What is asked of those who come in: at the inbound listeners of a sidecar, at all listeners of a gateway. */
export interface Security {
  /** Absent: no policy applies. */
  authorization?: Authorization;
  authentication?: RequestAuthentication;
}

export interface RoutingTable {
  proxy: ProxyIdentity;
  mesh: MeshSettings;
  /** By name. */
  listeners: Listener[];
  /** By name. */
  routes: RouteConfig[];
  /** By name. */
  clusters: Cluster[];
  /** Absent: everybody may come in. */
  security?: Security;
  /** In the order in which they are applied; only Envoy can. */
  envoyPatches: readonly EnvoyPatch[];
  statuses: Status[];
}
