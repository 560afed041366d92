// What becomes of a request at a proxy: plain data (JSON in, JSON out) with the place of each value. Durations are milliseconds.
import type { Source } from '../ir/provenance.ts';
import type { CorsPolicy, HashPolicy, PathRewrite, RedirectAction } from '../ir/route.ts';
import type { RouteMatch } from '../ir/route-match.ts';
import type { Origin, ProxyIdentity, Status } from '../ir/table.ts';
import type { FailedCondition } from '../proxy/core/explain.ts';
import type { Admission } from './admission/admission.ts';
import type { Fact, UpstreamFacts } from './facts.ts';

export type { EndpointFacts, Fact, UpstreamFacts } from './facts.ts';

export interface Simulation {
  proxy: ProxyIdentity;
  request: SeenRequest;
  entry: Entry;
  /** What the policies of this proxy say of it; absent: none are asked here, as by what a sidecar sends. */
  admission?: Admission;
  /** Of HTTP that found a route configuration. */
  trail?: Trail;
  outcome: Outcome;
  /** Where it goes if nothing is injected: the destinations of the route, also where a fault or a preflight comes before them. Shares add up to 100. */
  destinations: SimulatedDestination[];
  mirrors: SimulatedMirror[];
  /** Of HTTP that is forwarded. */
  forwarding?: Forwarding;
  fault?: SimulatedFault;
  cors?: SimulatedCors;
  /** What the route does to headers of the response, destinations apart. */
  responseHeaders: HeaderChange[];
  /** EnvoyFilters that may change what is said here: only Envoy can apply them, and nothing of it is simulated. */
  envoyFilters: EnvoyFilterTouch[];
  /** Problems of the objects that take part. */
  problems: Status[];
}

/** The request as the proxy sees it. */
export type SeenRequest =
  | {
      kind: 'http';
      method: string;
      scheme: string;
      authority: string;
      /** Normalized; before rewrites. */
      path: string;
      /** In lower case, in the order in which they are sent; without Host. */
      headers: [string, string][];
      port: number;
      address?: string;
      /** By its content type (RT-R121). */
      grpc: boolean;
      version: 'HTTP/1.1' | 'HTTP/2';
    }
  | { kind: 'tcp'; host?: string; address?: string; port: number; serverName?: string };

/** How the connection comes in. */
export interface Entry {
  port: number;
  /** `request`: it was given; `scheme`: default of the scheme; `host`: nobody has the host there, so the first port that somebody has it on. */
  portFrom: 'request' | 'authority' | 'scheme' | 'host';
  /** Absent: nothing listens. */
  listener?: { name: string; origin?: Origin };
  /** Absent: no chain takes the connection. */
  chain?: { name: string; kind: 'http' | 'tcp'; tls?: string };
  /** Name of the route configuration. */
  routes?: string;
}

/** Why this route. */
export interface Trail {
  /** What domains are compared with. */
  host: string;
  /** Absent: no domain is for the host. */
  virtualHost?: {
    name: string;
    domain: string;
    form: 'exact' | 'suffix' | 'prefix' | 'any';
    origin?: Origin;
    /** How many there are. */
    routes: number;
  };
  /** In order, up to the one that matches. */
  routes: TrailRoute[];
  /** Position among the routes of the virtual host; -1: none. */
  chosen: number;
}

export interface TrailRoute {
  index: number;
  /** As in the access log; may be empty. */
  name: string;
  match: RouteMatch;
  origin?: Origin;
  /** The first condition that does not hold, with what the request has; absent: it matches. */
  failed?: FailedCondition;
}

/** An answer of the proxy itself. */
export interface Reply {
  status: number;
  /** Of gRPC requests, whose status is 200. */
  grpcStatus?: number;
  body: string;
  /** As the client gets them, with the operations of the route; without `date`. */
  headers: [string, string][];
  /** As in the access log: `UH`, `NR`; `-` for none. */
  flags: string;
  /** As in the access log. */
  details: string;
}

export type Outcome =
  /** To `destinations`. A destination that cannot take it says so. */
  | { kind: 'routed' }
  | { kind: 'redirect'; location: string; action?: RedirectAction; source: Source; reply: Reply }
  /** The virtual host wants TLS. */
  | { kind: 'tls-redirect'; location: string; origin?: Origin; reply: Reply }
  | { kind: 'direct-response'; source: Source; reply: Reply }
  /** Every request is aborted by a fault. */
  | { kind: 'fault'; source: Source; reply: Reply }
  /** The proxy answers for the service (RT-R101). */
  | { kind: 'preflight'; source: Source; reply: Reply }
  | { kind: 'no-route'; why: 'no-virtual-host' | 'no-match' | 'connect'; reply: Reply }
  /** Its head is none that is routed. */
  | { kind: 'refused'; reply: Reply }
  /** Bytes to `destinations`. */
  | { kind: 'tcp'; source: Source }
  /** No service of the mesh: to where the application wanted to connect. */
  | { kind: 'passthrough'; http: boolean }
  /** No service of the mesh, and others are forbidden; without a reply the connection is closed. */
  | { kind: 'blocked'; reply?: Reply }
  /** The policies of this proxy, or its rules for tokens, deny it; without a reply the connection is closed. */
  | { kind: 'denied'; source: Source; details: string; reply?: Reply }
  /** The connection is closed: it takes TLS with a certificate of the mesh, and the client shows none. */
  | { kind: 'certificate-expected' }
  /** No socket: the client is refused. */
  | { kind: 'no-listener' }
  /** The connection is closed. */
  | { kind: 'no-filter-chain' }
  /** The port takes TLS, and the request comes without. */
  | { kind: 'tls-expected' }
  /** Bytes to a port where HTTP is routed. */
  | { kind: 'http-expected'; routes: string }
  /** The table names a route configuration that it has not. */
  | { kind: 'no-route-configuration' };

export interface SimulatedDestination {
  cluster: string;
  /** Empty for clusters that are of no service. */
  host: string;
  subset: string;
  port: number;
  /** Of the service. */
  namespace: string;
  weight: number;
  /** Exact share of the requests; 0 for one that is written with the weight 0. */
  percent: number;
  source: Source;
  /** Absent: nothing to be seen. */
  failure?: DestinationFailure;
  /** Of clusters that exist. */
  upstream?: UpstreamFacts;
  /** Of HTTP: what the endpoint sees at the first try. */
  sees?: UpstreamHead;
  /** What the destination alone does to headers of the response. */
  responseHeaders: HeaderChange[];
}

export interface DestinationFailure {
  reason: 'unknown-host' | 'unknown-port' | 'unknown-subset' | 'no-endpoints' | 'no-usable-endpoints';
  /** Of HTTP; without, the connection is closed. */
  reply?: Reply;
}

export interface UpstreamHead {
  method: string;
  path: string;
  authority: string;
  headers: [string, string][];
  /** What was asked for, in the order in which it is done. */
  changes: HeaderChange[];
}

/** One operation on headers. */
export interface HeaderChange {
  op: 'remove' | 'set' | 'add';
  name: string;
  /** Format as it is written. */
  format?: string;
  /** What it comes to, where the request alone decides. */
  value?: string;
  level: 'destination' | 'route';
  source: Source;
}

export interface SimulatedMirror {
  cluster: string;
  host: string;
  subset: string;
  port: number;
  namespace: string;
  /** Of the requests. */
  percent: number;
  source: Source;
  /** No copy is made. */
  failure?: DestinationFailure;
  upstream?: UpstreamFacts;
  /** What the copy is. */
  sees?: Omit<UpstreamHead, 'changes'>;
}

/** How long and how often. */
export interface Forwarding {
  /** Of the whole request, all tries included; 0: none. */
  timeoutMs: Fact<number>;
  /** Of one try, where it counts; 0: none. */
  perTryTimeoutMs: Fact<number>;
  /** Of the stream from its begin; 0: none. */
  streamDurationMs: number;
  /** Of the listener: nothing is sent in either direction; 0: none. */
  streamIdleTimeoutMs: number;
  /** Absent: nothing is tried again. */
  retry?: SimulatedRetry;
  /** What it comes to is in `sees` of the destinations. */
  pathRewrite?: Fact<PathRewrite>;
  /** What decides which endpoint gets it; empty: the load balancer alone does. */
  hash: Fact<HashPolicy>[];
  /** This request has something to hash. */
  hashed: boolean;
  /** Values of `set-cookie` that the client gets for it. */
  cookies: string[];
}

export interface SimulatedRetry {
  /** Tries after the first one. */
  attempts: Fact<number>;
  on: Fact<readonly string[]>;
  statusCodes: Fact<readonly number[]>;
  backoff: Fact<{ baseMs: number; maxMs: number }>;
  /** Hosts that were tried are avoided while there are others. */
  otherHosts: Fact<boolean>;
  hostSelectionAttempts: number;
  otherPriorities: Fact<boolean>;
  /** Absent: this request is tried again; else why it never is. */
  never?: 'upgrade' | 'body-too-big';
  /** By its method, as HTTP defines it. */
  idempotent: boolean;
  /** Some answer of the service is followed by another try: it may have acted on the request. */
  onAnswer: boolean;
  /** So is a connection that breaks while the service has the request. */
  onReset: boolean;
  /** So is a connection that is not made. */
  onConnectFailure: boolean;
  /** So is a per-try timeout: the service may still be at work. */
  onPerTryTimeout: boolean;
}

export interface SimulatedFault {
  delay?: Fact<{ percent: number; durationMs: number }>;
  abort?: Fact<{ percent: number; httpStatus?: number; grpcStatus?: number }> & { reply: Reply };
}

export interface SimulatedCors {
  policy: Fact<CorsPolicy>;
  /** Origin of the request, if any. */
  origin?: string;
  allowed: boolean;
  preflight: boolean;
  /** What the answer of a service gets for it, over its own and over what the route does. */
  headers: [string, string][];
}

export interface EnvoyFilterTouch {
  origin: Origin;
  applyTo: string;
  operation: string;
}
