// Clusters that were made before, for as long as all that they are made of is the same.
import type { Cluster } from '../../ir/cluster.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import { Endpoints } from '../../model/endpoints.ts';
import type { Mesh } from '../../model/mesh.ts';
import { PeerPolicies } from '../../model/peer-authentication.ts';
import type { MeshService } from '../../model/services.ts';
import type { EffectiveRule } from './effective-rule.ts';
import type { Client } from './localities.ts';

interface Known {
  /** Mesh configuration, peer policies, rule, and endpoints of each port. */
  made: readonly unknown[];
  clusters: readonly Cluster[];
}

/** Of the services that one kind of proxy has clusters for. */
export class KnownClusters {
  private readonly endpoints: Endpoints;
  private readonly shared: readonly unknown[];
  private readonly known: WeakMap<MeshService, Known>;

  constructor(mesh: Mesh, proxy: ProxyIdentity, client: Client) {
    this.endpoints = Endpoints.of(mesh);
    this.shared = [mesh.meshConfig, PeerPolicies.of(mesh)];
    // What clusters read of the proxy: its role, namespace and place, and whether it has an IPv4 address.
    const family = proxy.addresses.length > 0 && proxy.addresses.every((address) => address.includes(':'));
    const key = JSON.stringify([proxy.role, proxy.namespace, client, family]);
    this.known = mesh.cache(`clusters ${key}`, () => new WeakMap());
  }

  /** @param make called where something is not as it was */
  clusters(service: MeshService, rule: EffectiveRule | undefined, make: () => Cluster[]): readonly Cluster[] {
    const { shared, endpoints } = this;
    const of = [...shared, rule, ...service.ports.map((port) => endpoints.at(service, port))];
    const there = this.known.get(service);
    if (there && there.made.length === of.length && there.made.every((one, i) => one === of[i])) return there.clusters;
    const clusters = make();
    this.known.set(service, { made: of, clusters });
    return clusters;
  }
}
