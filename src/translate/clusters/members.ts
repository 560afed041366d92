// Which services an address belongs to.
import { Endpoints } from '../../model/endpoints.ts';
import type { Mesh } from '../../model/mesh.ts';
import { type MeshPort, type MeshService, Services } from '../../model/services.ts';

/** A port of a service that a workload answers at one of its own. */
export interface Member {
  service: MeshService;
  port: MeshPort;
  target: number;
}

interface OfNamespace {
  services: readonly MeshService[];
  /** What the endpoints of the namespace are. */
  content: object;
  byAddress: ReadonlyMap<string, readonly Member[]>;
}

const none: readonly Member[] = [];

/** Ports of services by the addresses of their endpoints; of namespaces without a change the index is that of the mesh before. */
export class Members {
  private readonly namespaces = new Map<string, OfNamespace>();
  private readonly order: Services;

  static of(mesh: Mesh): Members {
    return mesh.memo<Members>('services by the addresses of their endpoints', ['Service', 'ServiceEntry'], (former) => new Members(mesh, former));
  }

  private constructor(mesh: Mesh, former: Members | undefined) {
    this.order = Services.of(mesh);
    const endpoints = Endpoints.of(mesh);
    for (const namespace of this.order.allNamespaces()) {
      const services = this.order.listIn(namespace);
      const { content } = endpoints.in(namespace);
      const before = former?.namespaces.get(namespace);
      const same = before?.services === services && before.content === content;
      this.namespaces.set(namespace, same ? before : { services, content, byAddress: membersOf(services, endpoints) });
    }
  }

  /** In the order of the services. */
  at(address: string): readonly Member[] {
    const found: Member[][] = [];
    for (const { byAddress } of this.namespaces.values()) {
      const own = byAddress.get(address);
      if (own) found.push([...own]);
    }
    if (found.length < 2) return found[0] ?? none;
    const place = ({ service }: Member): number => this.order.all.indexOf(service);
    return found.flat().sort((a, b) => place(a) - place(b));
  }
}

function membersOf(services: readonly MeshService[], endpoints: Endpoints): Map<string, Member[]> {
  const found = new Map<string, Member[]>();
  for (const service of services) {
    for (const port of service.ports) {
      for (const { address, port: target } of endpoints.at(service, port)) {
        const list = found.get(address);
        if (list) list.push({ service, port, target });
        else found.set(address, [{ service, port, target }]);
      }
    }
  }
  return found;
}
