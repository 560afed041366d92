// What two meshes do differently with traffic: plain data. Texts are for people; `value` is for programs.

import type { Origin } from '../ir/table.ts';
import type { SimulatedHttpRequest } from '../simulate/request.ts';

/** One side of a field: its words, its value as the routing table has it (durations in milliseconds), and where it is written. */
export interface Side {
  text: string;
  value: unknown;
  /** Absent: nobody wrote it. */
  origin?: Origin;
}

/** One property that is not what it was. A side that is absent: there is none. */
export interface FieldChange {
  /** `destinations`, `timeout`, `maxConnections` …: stable. */
  field: string;
  old?: Side;
  new?: Side;
}

/** What a change is about; changes of one subject belong together. */
export type Subject =
  /** Requests and connections to a host; `port` 0: all of them. */
  | { kind: 'host'; host: string; port: number }
  /** What many hosts have in common: `cart.shop.svc.cluster.local:80` */
  | { kind: 'hosts'; names: string[] }
  /** What a gateway listens on. */
  | { kind: 'gateway-port'; port: number }
  /** Hosts that the mesh does not know. */
  | { kind: 'unknown-hosts' }
  /** Connections of callers as such. */
  | { kind: 'connections' }
  /** What comes to a workload. */
  | { kind: 'workload'; namespace: string; name: string }
  /** What comes to each of many workloads: `shop/cart` */
  | { kind: 'workloads'; names: string[] }
  /** Patches of Envoy's configuration, which only Envoy can apply. */
  | { kind: 'envoy-filters' };

export interface Change {
  mark: 'added' | 'removed' | 'changed';
  subject: Subject;
  /** Of the subject: `GET /pay*`, `subset v1`, `port 8080`; empty for the whole of it. */
  place: string;
  /** Of requests that another route took before, or takes now: the words of that route. */
  instead?: string;
  /** In the order in which they are read; none where there is nothing but the mark. */
  fields: FieldChange[];
  /** Where it is written as a whole. */
  at: { old?: Origin; new?: Origin };
  scope: Scope;
  /** A request that has another fate now; both fates are simulated. */
  example?: Example;
  /** Of policies: requests that are decided otherwise now. Empty: none was found. Absent: none was looked for. */
  access?: AccessExample[];
}

/** For whom a change holds. */
export interface Scope {
  /** Every caller inside of the mesh; then `callers` names none. */
  allCallers: boolean;
  /** `shop`: all of the namespace; `shop/cart`: a workload of it; `app=cart`: whoever has the label; `other namespaces`. */
  callers: string[];
  /** `edge/web` */
  gateways: string[];
}

export interface Example {
  request: SimulatedHttpRequest;
  /** Who sends it: one of the scope. */
  from: string;
  old: string;
  new: string;
}

/** A request about which the policies of both sides decide otherwise. What is not told is as it likes. */
export interface AccessExample {
  request: {
    /** Of `tcp` it is a connection: method and path are empty. */
    kind: 'http' | 'tcp';
    method: string;
    host: string;
    path: string;
    /** Of the workload. */
    port?: number;
    headers?: [name: string, value: string][];
    /** Of a token that is verified. */
    claims?: Record<string, unknown>;
  };
  /** Who sends it, in the terms of AuthorizationPolicy. */
  from: {
    /** `spiffe://cluster.local/ns/shop/sa/web`; absent: plain text, or a client whose identity does not matter. */
    principal?: string;
    sourceIp?: string;
    remoteIp?: string;
    /** Of its TLS. */
    serverName?: string;
    /** Where it connects to. */
    destinationIp?: string;
  };
  /** `allowed`, `denied with 403 by deny-post.shop` */
  old: string;
  new: string;
}

export interface TrafficDiff {
  /** By subject; empty where nothing changes. */
  changes: Change[];
  /** How many views of the mesh were compared. */
  views: number;
}
