import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0116, IST0137 } from '../src/analysis/catalogue/workloads.ts';
import { inMesh, managedLabel, waypointController } from '../src/model/injection.ts';
import type { Service } from '../src/model/kubernetes.ts';
import { SelectorIndex } from '../src/model/label-index.ts';
import { items } from '../src/model/untyped.ts';
import { workloadsOf } from '../src/model/workloads.ts';

/** spec/analyze/messages.md, deployment.MultiServiceAnalyzer */
export default defineAnalyzer({
  name: 'deployment.MultiServiceAnalyzer',
  summary: 'services of one Deployment agree on its ports',
  reads: ['Service', 'Deployment', 'Namespace'],
  preset: 'reference',
  messages: { IST0116, IST0137 },
  check({ mesh, report }) {
    const indexes = new Map([...Map.groupBy(mesh.list('Service'), (s) => s.namespace)].map(([name, list]) => [name, new SelectorIndex(list, selectorOf)]));
    for (const workload of workloadsOf([], mesh.list('Deployment'))) {
      const { resource, name: deployment, namespace } = workload;
      if (resource.labels[managedLabel] === waypointController || !inMesh(workload, mesh.find('Namespace', '', namespace))) continue;
      const services = indexes.get(namespace)?.selecting(workload.labels) ?? [];
      for (const [port, protocols] of protocolsByPort(services)) {
        if (protocols.size < 2) continue;
        const names = [...protocols.values()].flat().sort();
        report('IST0116', resource, ['metadata', 'name'], { deployment, port, services: names });
      }
      for (const [targetPort, byPort] of portsByTarget(services)) {
        if (byPort.size < 2) continue;
        const ports = [...byPort.keys()].sort((a, b) => a - b);
        report('IST0137', resource, ['metadata', 'name'], { deployment, services: [...byPort.values()].sort(), targetPort, ports });
      }
    }
  },
});

function selectorOf(service: Service): Readonly<Record<string, string>> {
  return service.spec.selector ?? {};
}

/** The services that have a port number, by L4 protocol; a service counts as often as it lists the port. */
function protocolsByPort(services: readonly Service[]): Map<number, Map<string, string[]>> {
  const found = new Map<number, Map<string, string[]>>();
  for (const service of services) {
    for (const { port, protocol } of items(service.spec.ports)) {
      const protocols = found.get(port) ?? new Map<string, string[]>();
      const names = protocols.get(protocol || 'TCP') ?? [];
      names.push(service.fullName);
      found.set(port, protocols.set(protocol || 'TCP', names));
    }
  }
  return found;
}

/** The ports that go to a target port, each with the last service that sends it there. Without a target port it is the port itself. */
function portsByTarget(services: readonly Service[]): Map<string, Map<number, string>> {
  const found = new Map<string, Map<number, string>>();
  for (const service of services) {
    for (const { port, targetPort } of items(service.spec.ports)) {
      const target = String(targetPort || port);
      found.set(target === '0' ? String(port) : target, (found.get(target) ?? new Map<number, string>()).set(port, service.fullName));
    }
  }
  return found;
}
