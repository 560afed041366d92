// What applies to a workload or a service: plain data (JSON in, JSON out) with the place of each value. Durations are milliseconds.
import type { DownstreamTls } from '../ir/listener.ts';
import type { PathRewrite, RedirectAction } from '../ir/route.ts';
import type { RouteMatch } from '../ir/route-match.ts';
import type { Origin } from '../ir/table.ts';
import type { MtlsMode } from '../model/peer-authentication.ts';
import type { Unused } from '../model/waypoints.ts';
import type { DestinationFailure, Fact, SimulatedFault, UpstreamFacts } from '../simulate/simulation.ts';

/** What is wrong, or may surprise. `error`: requests fail; `warning`: something does not do what it says; `info`: a suggestion. */
export interface Problem {
  severity: 'error' | 'warning' | 'info';
  /** kebab-case, stable. */
  code: string;
  /** One sentence. */
  text: string;
  about?: Origin;
  help?: string;
}

export interface PodDescription {
  /** `Pod`, or what makes pods: `Deployment`, `StatefulSet` … */
  kind: string;
  namespace: string;
  name: string;
  /** Worst first. */
  problems: Problem[];
  /** Of pods; absent where nothing says it. */
  phase?: string;
  membership: Membership;
  ports: PodPort[];
  /** Containers that are not ready, of pods. */
  notReady: { container: string; init: boolean }[];
  services: ServiceSection[];
  /** Absent: it has no sidecar. */
  mtls?: MtlsSection;
  policies: PolicySection;
  /** That of the workload. */
  sidecar?: SidecarSection;
  /** Gateways that it runs. */
  gateways: GatewayServerSection[];
  /** For connections to it, not to its services. */
  waypoint?: WaypointSection;
  ingress: IngressSection;
}

export interface ServiceDescription {
  kind: 'Service' | 'ServiceEntry';
  namespace: string;
  name: string;
  /** Worst first. */
  problems: Problem[];
  workloads: WorkloadSection[];
  services: ServiceSection[];
  /** Each way in which its workloads take connections, once. */
  mtls: MtlsSection[];
  policies: PolicySection;
  ingress: IngressSection;
}

export interface WorkloadSection {
  kind: string;
  namespace: string;
  name: string;
  /** Of pods. */
  phase?: string;
  membership: Membership['kind'];
  notReady: string[];
}

/** Whether and how a workload is part of the mesh. */
export interface Membership {
  /** `expected`: it has no sidecar in its manifest, and injection puts one into its pods. */
  kind: 'sidecar' | 'native-sidecar' | 'expected' | 'gateway' | 'ambient' | 'none';
  /** Of the control plane; empty: nothing says it. */
  revision: string;
  /** What runs in it; absent: nothing says it. */
  engine?: 'embedded' | 'envoy';
  /** Absent: nothing says it. */
  version?: string;
  image?: string;
}

export interface PodPort {
  port: number;
  /** Empty: none. */
  name: string;
  protocol: string;
  container: string;
  /** Of a sidecar among the init containers. */
  native: boolean;
}

/** One service, as it is reached. */
export interface ServiceSection {
  kind: 'Service' | 'ServiceEntry';
  namespace: string;
  name: string;
  host: string;
  ports: ServicePortSection[];
  waypoint?: WaypointSection;
}

/** The waypoint that a service, or a pod, names: a gateway for clients in ambient mode. What it does with requests is in no routing table. */
export interface WaypointSection {
  namespace: string;
  name: string;
  /** The label that names it. */
  by: Origin;
  /** Absent: there is none. */
  gateway?: Origin;
  class: string;
  /** What it takes: `service`, `workload`, `all`, `none`. */
  traffic: string;
  /** Why nothing goes through it; absent: requests do. */
  unused?: Unused;
  /** Ingress gateways send through it, too. */
  ingress: boolean;
  /** What runs it, as far as the input has it. */
  workloads: { kind: string; namespace: string; name: string }[];
  policies: WaypointPolicy[];
}

export interface WaypointPolicy {
  origin: Origin;
  /** Of an AuthorizationPolicy. */
  action?: AuthorizationSection['action'];
  /** What its targetRefs name; `workload`: it selects the workloads, and the waypoint does not ask it. */
  attachedTo: 'waypoint' | 'class' | 'service' | 'workload';
}

export interface ServicePortSection {
  port: number;
  name: string;
  /** As people write it: `HTTP`, `GRPC-Web`; `auto-detect` where none is declared. */
  protocol: string;
  /** As written: a number, or a name. */
  target: string;
  /** Of the workload; absent: it has none of that name, or there is no workload. */
  targetPort?: number;
  /** As its own clients, or those of its namespace, see it. */
  clients: ClientSection;
  /** Clients elsewhere for whom something else holds. */
  others: ClientSection[];
  /** Rules of AuthorizationPolicies that are asked here: `ns[shop]-policy[admin]-rule[0]`. */
  rbac: string[];
}

/** What holds for some clients. */
export interface ClientSection {
  from: { namespace: string; labels: Readonly<Record<string, string>> };
  destinationRule?: DestinationRuleSection;
  /** What may be sent to: the whole service, and each subset. */
  clusters: ClusterSection[];
  /** HTTP for the name of the service. */
  http?: HostSection;
  /** Bytes. */
  tcp?: TcpSection;
  /** Nothing comes there: why. */
  unreachable?: 'no-listener' | 'no-filter-chain' | 'blocked' | 'no-route' | 'unknown' | 'other-service';
  /** Other names under which requests come to the service. */
  otherHosts: HostSection[];
  /** EnvoyFilters that may change it. */
  envoyFilters: Origin[];
}

export interface ClusterSection {
  subset: string;
  /** The workload is one of its endpoints. */
  reaches: boolean;
  failure?: DestinationFailure['reason'];
  facts: UpstreamFacts;
}

/** The destination rules of a host, as clients merge them. */
export interface DestinationRuleSection {
  /** The first is the one that wins. */
  rules: { origin: Origin; host: string }[];
  subsets: SubsetSection[];
  /** Absent: there is no traffic policy for the host. */
  policy?: TrafficPolicySection & { origin: Origin; ports: (TrafficPolicySection & { port: number })[] };
  /** What is written and does not count. */
  lost: { origin: Origin; what: string; why: string; by?: Origin }[];
}

export interface SubsetSection {
  name: string;
  labels: Readonly<Record<string, string>>;
  origin: Origin;
  /** The workload has the labels; of a service: some workload of it. */
  matches: boolean;
}

export interface TrafficPolicySection {
  tlsMode?: string;
  /** `load balancer`, `connection pool`, `outlier detection`. */
  parts: string[];
}

/** A virtual host with the routes that it has. */
export interface HostSection {
  name: string;
  domains: readonly string[];
  /** Virtual hosts with the very same routes. */
  others?: string[];
  /** Of the listener: of the service's port, or of a gateway. */
  port: number;
  /** What routes: virtual services, routes of the Gateway API. Empty: nobody does, and the service itself is where requests go. */
  by: Origin[];
  routes: RouteSection[];
}

export interface RouteSection {
  /** Position among the routes of the virtual host. */
  index: number;
  name: string;
  match: RouteMatch;
  origin?: Origin;
  /** Earlier routes that together take every request of this one. */
  shadowedBy?: number[];
  /** A destination leads to the workload or the service that is described. */
  reaches: boolean;
  /** Of forwarded requests; several: by their share. */
  destinations: DestinationSection[];
  mirrors: DestinationSection[];
  redirect?: Fact<RedirectAction>;
  direct?: Fact<{ status: number; body: string }>;
  /** Of the whole request; 0: none. */
  timeoutMs?: Fact<number>;
  retry?: RetrySection;
  rewrite?: Fact<PathRewrite>;
  authority?: string;
  fault?: { delay?: SimulatedFault['delay']; abort?: Omit<NonNullable<SimulatedFault['abort']>, 'reply'> };
  cors?: Fact<true>;
  /** Headers of requests or responses are changed. */
  headers: boolean;
}

export interface DestinationSection {
  cluster: string;
  host: string;
  subset: string;
  port: number;
  /** Of the service; empty where it is not known. */
  namespace: string;
  /** Of the requests. */
  percent: number;
  source: Fact<unknown>['source'];
  reaches: boolean;
  failure?: DestinationFailure['reason'];
}

export interface RetrySection {
  /** Tries after the first one. */
  attempts: Fact<number>;
  on: Fact<readonly string[]>;
  statusCodes: readonly number[];
  /** Absent: none of its own. */
  perTryTimeoutMs?: Fact<number>;
}

export interface TcpSection {
  destinations: DestinationSection[];
  /** What routes; absent: nobody does. */
  origin?: Origin;
}

export interface MtlsSection {
  /** Of ports that nothing else is said about. */
  mode: MtlsMode;
  /** Absent for the default. */
  policy?: Origin;
  ports: { port: number; mode: MtlsMode; policy?: Origin }[];
  /** Policies that select the workload, from the mesh to the workload. */
  applied: Origin[];
}

export interface PolicySection {
  authorization: AuthorizationSection[];
  requestAuthentication: { origin: Origin; scope: Scope; issuers: string[] }[];
  telemetry: SelectingSection[];
  proxyConfig: SelectingSection[];
  wasmPlugins: SelectingSection[];
  envoyFilters: { origin: Origin; patches: number }[];
}

export type Scope = 'mesh' | 'namespace' | 'workload';

export interface SelectingSection {
  origin: Origin;
  scope: Scope;
}

export interface AuthorizationSection extends SelectingSection {
  action: 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM';
  rules: number;
  /** Of its rules, in the proxy: `ns[shop]-policy[deny-post]-rule[0]`. */
  names: string[];
  /** It is only logged what it would do. */
  dryRun: boolean;
  /** Of CUSTOM: who is asked. */
  provider?: string;
  /** Where its rules name ports of the workload, those; else it is asked at all of them. */
  ports?: number[];
}

/** The Sidecar resource of a workload. */
export interface SidecarSection {
  origin: Origin;
  /** What the workload knows of the mesh; empty: everything. */
  egress: { hosts: string[]; port?: number }[];
  ingress: { port: number; endpoint: string }[];
  outbound: 'ALLOW_ANY' | 'REGISTRY_ONLY';
}

export interface GatewayServerSection {
  origin: Origin;
  port: number;
  protocol: string;
  hosts: string[];
}

/** How requests come in from outside of the mesh. */
export interface IngressSection {
  /** Gateways were looked for. */
  gateways: number;
  paths: IngressPath[];
}

/** Routes of one virtual host of a gateway that lead here. */
export interface IngressPath {
  /** The Gateway, and its server where one is known. */
  gateway: Origin;
  /** What runs it; absent: nothing in the input does. */
  workload?: { kind: string; namespace: string; name: string };
  /** Where it is reached from outside; empty: nothing says it. */
  addresses: { address: string; port: number; nodePort?: number }[];
  /** Of the listener. */
  port: number;
  protocol: 'http' | 'https' | 'tls' | 'tcp';
  tls?: {
    mode: DownstreamTls['mode'] | 'PASSTHROUGH';
    credentialName?: string;
    /** A Secret of this name is there; absent: the input has none, which a directory of manifests rarely has. */
    credentialFound?: true;
    /** `TLSv1.2`; absent where TLS ends elsewhere. */
    minVersion?: string;
    serverNames: readonly string[];
  };
  /** Of HTTP: plain requests are sent to https. */
  tlsRedirect: boolean;
  host?: HostSection;
  tcp?: TcpSection;
}
