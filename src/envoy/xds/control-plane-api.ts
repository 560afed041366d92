// What a control plane of weft can be asked beside xDS: requests and answers, which are JSON.

/** One process of a control plane. */
export interface About {
  program: string;
  version: string;
  /** Absent outside of a cluster. */
  revision?: string;
  /** Of this replica: that of its pod. */
  identity: string;
  /** When it began, as ISO 8601. Another one after a restart. */
  startedAt: string;
}

/** What is waited for: that proxies have a resource, or that they do without it. */
export const awaited = ['distribution', 'delete'] as const;
export type Awaited = (typeof awaited)[number];

export interface DistributionRequest {
  for: Awaited;
  /** By its name in src/manifest/kinds.ts. */
  kind: string;
  namespace: string;
  name: string;
  /** This version or a later one. Absent: the last one that this replica knows. */
  resourceVersion?: string;
  /** The last one that there is, in the place of `resourceVersion`: the replica looks where it has its resources from. */
  newest?: boolean;
}

export type ResourceState =
  /** Proxies get it. */
  | 'served'
  /** It has come, and proxies get it with the next change of the mesh. */
  | 'pending'
  /** This version has not come here yet. */
  | 'unseen'
  /** There is none of this name. */
  | 'absent'
  /** It is still here, and is to go. */
  | 'present'
  /** It breaks the rules of its kind, and no proxy gets it. */
  | 'invalid'
  /** It is for another revision. */
  | 'ignored'
  /** Nothing is known of its kind here. */
  | 'unwatched';

export type ProxyState =
  /** It has acknowledged all that it gets because of the resource, which may be nothing. */
  | 'acknowledged'
  /** It has yet to ask for its configuration, or for a part of it. */
  | 'starting'
  /** It was sent something, and has not answered. */
  | 'unanswered'
  /** It refuses something, and goes on with what it had. */
  | 'refused'
  /** Something is to be sent. */
  | 'unsent'
  /** It was connected, or should be by what the cluster says, and is not. */
  | 'unconnected';

export interface ProxyProgress {
  /** Connections and replicas with equal keys speak of the same proxy. */
  key: string;
  name: string;
  namespace: string;
  /** Of its node; empty where it was never connected here. */
  id: string;
  /** `envoy/1.40.0`; empty where it was never connected here. */
  program: string;
  state: ProxyState;
  /** Milliseconds for which it has been so, as far as that is known. */
  forMs?: number;
  /** Short names of types that are not answered or refused. */
  types?: string[];
  /** Why it refuses, in its own words. */
  text?: string;
}

export interface DistributionAnswer {
  about: About;
  resource: {
    state: ResourceState;
    /** The last one that this replica knows; what was asked for with `newest`. */
    resourceVersion?: string;
    /** What is wrong with it, and why it is not served. */
    reasons?: string[];
  };
  /** None where no proxy gets it from here. */
  proxies: ProxyProgress[];
}

/** @returns a text: why it is none */
export function readDistributionRequest(value: unknown): DistributionRequest | string {
  if (typeof value !== 'object' || value === null) return 'a request is a JSON object';
  const { for: what, kind, namespace, name, resourceVersion, newest } = value as Record<string, unknown>;
  if (!awaited.includes(what as Awaited)) return `for is ${awaited.join(' or ')}`;
  if (typeof kind !== 'string' || kind === '' || typeof name !== 'string' || name === '' || typeof namespace !== 'string')
    return 'kind, namespace and name are texts, and only the namespace may be empty';
  if (resourceVersion !== undefined && typeof resourceVersion !== 'string') return 'resourceVersion is a text';
  return {
    for: what as Awaited,
    kind,
    namespace,
    name,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(newest === true ? { newest } : {}),
  };
}
