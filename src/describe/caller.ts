import type { ProxyIdentity, RoutingTable } from '../ir/table.ts';
import type { Mesh } from '../model/mesh.ts';
import { ClusterBook } from '../simulate/cluster-book.ts';
import { Simulator } from '../simulate/simulate.ts';
import { provenanceOf } from '../translate/provenance/provenance.ts';
import { routingTable } from '../translate/table.ts';

/** A proxy that sends requests, with all that its table tells. */
export class Caller {
  readonly mesh: Mesh;
  readonly proxy: ProxyIdentity;
  readonly table: RoutingTable;
  readonly provenance: ReturnType<typeof provenanceOf>;
  readonly simulator: Simulator;
  readonly book: ClusterBook;

  constructor(mesh: Mesh, proxy: ProxyIdentity) {
    this.mesh = mesh;
    this.proxy = proxy;
    this.table = routingTable(mesh, proxy);
    this.provenance = provenanceOf(mesh, proxy);
    this.simulator = new Simulator(this.table, { provenance: this.provenance });
    this.book = new ClusterBook(this.table.clusters, this.simulator.hosts, this.provenance);
  }
}
