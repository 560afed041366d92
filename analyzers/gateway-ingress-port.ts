import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0162 } from '../src/analysis/catalogue/gateways.ts';
import { IST0101 } from '../src/analysis/catalogue/references.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { selectsInstalledGateway } from '../src/model/default-ingress.ts';
import { gatewayWorkloads } from '../src/model/gateway-workloads.ts';
import type { Service } from '../src/model/kubernetes.ts';
import { SelectorIndex } from '../src/model/label-index.ts';
import type { Mesh } from '../src/model/mesh.ts';
import { firstLabel } from '../src/model/selection.ts';
import { formatSelector } from '../src/model/selectors.ts';
import { items } from '../src/model/untyped.ts';
import type { Workload } from '../src/model/workloads.ts';

/** spec/analyze/messages.md, gateway.IngressGatewayPort */
export default defineAnalyzer({
  name: 'gateway.IngressGatewayPortAnalyzer',
  summary: 'gateways have workloads, and Services lead to their ports',
  reads: ['Gateway', 'Pod', 'Service'],
  preset: 'reference',
  messages: { IST0101, IST0162 },
  check({ mesh, knows, knowsWorkloads, preset, report }) {
    const asReference = preset === 'reference';
    const services = new GatewayServices(mesh, asReference);
    for (const gateway of mesh.list('Gateway')) {
      const { selector = {}, servers = [] } = gateway.spec;
      const label = formatSelector(selector);
      const path: Path = ['spec', 'selector', ...(label === '' ? [] : [firstLabel(selector)])];
      const workloads = gatewayWorkloads(mesh, selector);
      if (workloads.length === 0) {
        if (mesh.options.assume === 'auto' && selectsInstalledGateway(selector)) continue;
        if (knowsWorkloads()) report('IST0101', gateway, path, { what: 'selector', name: label }, { effect: 'no proxy opens the ports of this gateway' });
        continue;
      }
      const reached = services.portsOf(label, workloads);
      for (const [i, server] of servers.entries()) {
        const port = server?.port?.number ?? 0;
        if (!server?.port || reached.ports.has(port) || !knows('Service')) continue;
        if (!asReference && server.bind?.startsWith('unix://')) continue;
        report(
          'IST0162',
          gateway,
          path,
          { port, selector: label },
          {
            help: helpFor(port, reached),
            related: [
              { resource: gateway, path: ['spec', 'servers', i, 'port', 'number'], text: `port ${port} is opened here` },
              ...[...reached.services].slice(0, 5).map((s) => ({ resource: s, path: ['spec', 'ports'], text: `the ports of Service ${s.fullName}` })),
            ],
          },
        );
      }
    }
  },
});

interface Reached {
  /** What a server may have as its port: target ports, and ports (the control plane turns a port into its target port). */
  ports: Set<number>;
  services: Set<Resource>;
}

function helpFor(port: number, { ports, services }: Reached): string | undefined {
  if (services.size === 0) return 'add a Service that selects the gateway workloads';
  const list = [...ports].sort((a, b) => a - b).join(', ');
  return `add a port with targetPort ${port} to the Service of the gateway${list === '' ? '' : `, which has: ${list}`}`;
}

class GatewayServices {
  private readonly mesh: Mesh;
  private readonly asReference: boolean;
  private readonly indexes = new Map<string, { selecting: SelectorIndex<Service>; all: Service[] }>();
  private readonly bySelector = new Map<string, Reached>();

  constructor(mesh: Mesh, asReference: boolean) {
    this.mesh = mesh;
    this.asReference = asReference;
  }

  /** @param selector text of the selector that selects the workloads */
  portsOf(selector: string, workloads: readonly Workload[]): Reached {
    let reached = this.bySelector.get(selector);
    if (!reached) {
      reached = { ports: new Set(), services: new Set() };
      for (const workload of workloads) for (const service of this.servicesOf(workload)) reached.services.add(service);
      for (const service of reached.services) this.addPorts(service as Service, reached.ports);
      this.bySelector.set(selector, reached);
    }
    return reached;
  }

  /** Services that select a workload; to the reference a Service without a selector selects all workloads of its namespace. */
  private servicesOf({ namespace, labels }: Workload): Service[] {
    let index = this.indexes.get(namespace);
    if (!index) {
      const services = this.mesh.listIn('Service', namespace);
      const all = this.asReference ? services.filter((s) => Object.keys(s.spec.selector ?? {}).length === 0) : [];
      index = { selecting: new SelectorIndex(services, (s) => s.spec.selector ?? {}), all };
      this.indexes.set(namespace, index);
    }
    return [...index.selecting.selecting(labels), ...index.all];
  }

  /** The reference takes a protocol that is not written for none, where an API server fills in TCP. */
  private addPorts(service: Service, ports: Set<number>): void {
    for (const { port, targetPort, protocol } of items(service.spec.ports)) {
      if (protocol !== 'TCP' && (this.asReference || protocol)) continue;
      // A number in quotes is a number, too.
      const target = Number(targetPort);
      if (target > 0) ports.add(target);
      ports.add(port);
    }
  }
}
