// A service as its clients reach it.
import type { ProxyIdentity } from '../ir/table.ts';
import type { Mesh } from '../model/mesh.ts';
import { targetPortOf } from '../model/service-ports.ts';
import type { MeshPort, MeshService } from '../model/services.ts';
import { Caller } from './caller.ts';
import { clientSection } from './client.ts';
import type { ClientSection, PolicySection, ServicePortSection, ServiceSection } from './description.ts';
import { otherClients } from './other-clients.ts';
import { rbacNames } from './policies.ts';
import type { Subject } from './subject.ts';
import { waypointSection } from './waypoint.ts';

/** Proxies that send requests: each is asked for its table once. */
export class Clients {
  readonly own: Caller;
  private readonly mesh: Mesh;
  private readonly others = new Map<string, Caller>();

  constructor(mesh: Mesh, own: ProxyIdentity) {
    this.mesh = mesh;
    this.own = new Caller(mesh, own);
  }

  of(proxy: ProxyIdentity): Caller {
    const key = JSON.stringify([proxy.namespace, proxy.labels]);
    let found = this.others.get(key);
    if (!found) {
      found = new Caller(this.mesh, proxy);
      this.others.set(key, found);
    }
    return found;
  }

  get all(): Caller[] {
    return [this.own, ...this.others.values()];
  }
}

export function serviceSection(subject: Subject, clients: Clients, service: MeshService, policies: PolicySection): ServiceSection {
  const waypoint = waypointSection(subject.mesh, service.resource, 'service', policies);
  const others = otherClients(subject.mesh, service, clients.own.proxy).map((proxy) => clients.of(proxy));
  return {
    kind: service.source === 'kubernetes' ? 'Service' : 'ServiceEntry',
    namespace: service.namespace,
    name: service.resource.name,
    host: service.host,
    ports: service.ports.map((port) => portSection(subject, clients.own, others, service, port, policies)),
    ...(waypoint ? { waypoint } : {}),
  };
}

function portSection(
  subject: Subject,
  own: Caller,
  others: readonly Caller[],
  service: MeshService,
  port: MeshPort,
  policies: PolicySection,
): ServicePortSection {
  const clients = clientSection(subject, own, service, port);
  const seen = new Set([sameness(clients)]);
  const different: ClientSection[] = [];
  for (const caller of others) {
    const section = clientSection(subject, caller, service, port);
    if (seen.has(sameness(section))) continue;
    seen.add(sameness(section));
    different.push(section);
  }
  const [workload] = subject.workloads;
  const targetPort = workload && targetPortOf(kubernetesPort(port), workload.spec);
  return {
    port: port.number,
    name: port.name,
    protocol: protocolText(port),
    target: String(port.targetPort ?? port.number),
    ...(targetPort === undefined ? {} : { targetPort }),
    clients,
    others: different,
    rbac: rbacNames(policies, targetPort),
  };
}

function kubernetesPort({ number, targetPort }: MeshPort): Parameters<typeof targetPortOf>[0] {
  return { port: number, ...(targetPort === undefined ? {} : { targetPort }) };
}

/** Clients in other namespaces have fewer names for a service; that alone is no difference. */
function sameness(section: ClientSection): string {
  return JSON.stringify(section, (key, value) => (key === 'domains' || key === 'from' ? undefined : value));
}

const spellings: Readonly<Record<string, string>> = { 'grpc-web': 'GRPC-Web', mongo: 'Mongo', redis: 'Redis', mysql: 'MySQL' };

function protocolText({ protocol, name }: MeshPort): string {
  // Tunnels of the mesh itself, which nobody routes by their protocol.
  if (/^hbone(?:-|$)/i.test(name)) return 'HBONE';
  return protocol === undefined ? 'auto-detect' : (spellings[protocol] ?? protocol.toUpperCase());
}
