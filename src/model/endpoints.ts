import type { WorkloadEntry } from '../manifest/istio/networking.gen.ts';
import type { Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import { ListedAddresses } from './endpoint-lists.ts';
import type { KindTable } from './kind-table.ts';
import type { Mesh } from './mesh.ts';
import { type EndpointSources, NamespaceEndpoints, PodsByAddress } from './namespace-endpoints.ts';
import { type MeshPort, type MeshService, Services } from './services.ts';
import { type EndpointWorkload, type NodePlaces, nodePlaces } from './workload-endpoints.ts';

/** One address that takes the connections to a port of a service. */
export interface ServiceEndpoint {
  /** IP address, host name, or the path of a Unix socket with port 0. */
  address: string;
  port: number;
  weight: number;
  workload: EndpointWorkload;
  /** Of the object that says it, with the field where it is one of several. */
  resource: Resource;
  path: Path;
}

/** Endpoints of services. What a change leaves as it was is the same list in the next mesh. */
export class Endpoints {
  private readonly services: Services;
  private readonly listed: ListedAddresses;
  private readonly pods: KindTable;
  private readonly entries: KindTable;
  private readonly places: NodePlaces;
  private readonly podsByAddress: PodsByAddress;
  private readonly namespaces = new Map<string, NamespaceEndpoints>();

  static of(mesh: Mesh): Endpoints {
    const reads = ['Service', 'ServiceEntry', 'WorkloadEntry', 'EndpointSlice', 'Endpoints', 'Pod', 'Node', 'MeshConfig'] as const;
    return mesh.memo<Endpoints>('endpoints', reads, (former) => new Endpoints(mesh, former));
  }

  private constructor(mesh: Mesh, former: Endpoints | undefined) {
    this.services = Services.of(mesh);
    this.listed = ListedAddresses.of(mesh);
    this.pods = mesh.table('Pod');
    this.entries = mesh.table('WorkloadEntry');
    this.places = nodePlaces(mesh);
    this.podsByAddress = former?.podsByAddress.table === this.pods ? former.podsByAddress : new PodsByAddress(this.pods);
    for (const [namespace, own] of former?.namespaces ?? []) this.namespaces.set(namespace, own.after(this.sourcesOf(namespace)));
  }

  /**
   * Those of a port, each address once, in the order of the input. All that is said for this host in the service's namespace counts,
   * by the port's name (MAP-R63): a ServiceEntry adds machines to a Service of Kubernetes.
   */
  at(service: MeshService, port: MeshPort): readonly ServiceEndpoint[] {
    return this.in(service.namespace).at(service.host, port);
  }

  /** Those of the services of one namespace: the same object as long as none of them changed. */
  in(namespace: string): NamespaceEndpoints {
    let found = this.namespaces.get(namespace);
    if (!found) {
      found = new NamespaceEndpoints(this.sourcesOf(namespace));
      this.namespaces.set(namespace, found);
    }
    return found;
  }

  private sourcesOf(namespace: string): EndpointSources {
    return {
      namespace,
      services: this.services.in(namespace),
      listed: this.listed.in(namespace),
      pods: this.pods.in(namespace),
      podTable: this.pods,
      podsByAddress: this.podsByAddress,
      entries: this.entries.in(namespace) as readonly Resource<WorkloadEntry>[],
      places: this.places,
    };
  }
}
