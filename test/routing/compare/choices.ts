// Which endpoints a cluster may choose, as far as a comparison has to know.
import { type Layout, type PlacedEndpoint, type Subset, subsetsOf } from '../layout.ts';

/** A host of a DestinationRule in full. */
function fullHost({ host, namespace }: Subset): string {
  return host.includes('.') || host.startsWith('*') ? host : `${host}.${namespace}.svc.cluster.local`;
}

function hostMatches(pattern: string, host: string): boolean {
  return pattern.startsWith('*') ? host.endsWith(pattern.slice(1)) : pattern === host;
}

function hasLabels(endpoint: PlacedEndpoint, labels: Record<string, string>): boolean {
  return Object.entries(labels).every(([key, value]) => endpoint.labels?.[key] === value);
}

/** Endpoints of a case by cluster. */
export class Choices {
  /** Balancing by hash: a key stays with an endpoint, but which one depends on addresses. */
  readonly hashes: boolean;
  /** The order of choices is fixed once it began. */
  readonly rotates: boolean;
  private readonly endpoints: readonly PlacedEndpoint[];
  private readonly subsets: readonly Subset[];

  /** @param manifests those that hold at the step */
  constructor(layout: Layout, manifests: string) {
    this.endpoints = layout.endpoints;
    this.subsets = subsetsOf(manifests);
    this.hashes = /\bconsistentHash\b/.test(manifests);
    this.rotates = /\bROUND_ROBIN\b/.test(manifests);
  }

  /** Endpoints that the cluster may choose, by its name `direction|port|subset|host`; of others nothing is known. */
  ofCluster(cluster: string | null | undefined): PlacedEndpoint[] {
    const [direction, , subset, host] = (cluster ?? '').split('|');
    if (direction !== 'outbound' || host === undefined) return [];
    const ofHost = this.endpoints.filter((endpoint) => endpoint.host === host);
    if (!subset) return ofHost;
    const named = this.subsets.filter((one) => one.name === subset && hostMatches(fullHost(one), host));
    return ofHost.filter((endpoint) => named.some(({ labels }) => hasLabels(endpoint, labels)));
  }

  /** Identities that may stand for `identity` in a cluster, itself included. */
  instead(cluster: string | null | undefined, identity: string): Set<string> {
    const all = this.ofCluster(cluster).map((endpoint) => endpoint.identity);
    return new Set(all.includes(identity) ? all : [identity]);
  }

  /** Identities that may stand for `identity` where the cluster is not known: those of the same host. */
  ofSameHost(identity: string): Set<string> {
    const own = this.endpoints.find((endpoint) => endpoint.identity === identity);
    return new Set([identity, ...this.endpoints.filter((endpoint) => endpoint.host === own?.host).map((endpoint) => endpoint.identity)]);
  }

  /** Whether it makes a difference which endpoint a cluster chooses. */
  differ(cluster: string | null | undefined): boolean {
    return new Set(this.ofCluster(cluster).map(({ behaviour }) => JSON.stringify(behaviour ?? {}))).size > 1;
  }

  /** Endpoints that no balancer can tell from this one have the same name here. */
  kind(identity: string): string {
    const own = this.endpoints.find((endpoint) => endpoint.identity === identity);
    if (!own) return identity;
    const { host, behaviour = {}, weight = 1, locality = '', labels = {} } = own;
    return JSON.stringify([host, behaviour, weight, locality, labels]);
  }
}
