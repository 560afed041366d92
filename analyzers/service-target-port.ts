import { defineAnalyzer, type ReportExtra } from '../src/analysis/analyzer.ts';
import { meant } from '../src/analysis/meant.ts';
import { message } from '../src/analysis/message.ts';
import { names } from '../src/analysis/wording.ts';
import { nearest } from '../src/manifest/nearest.ts';
import type { Path } from '../src/manifest/problem.ts';
import { sidecarPorts } from '../src/model/capture.ts';
import { containersOf, proxyContainer } from '../src/model/injection.ts';
import type { ContainerPort, ServicePort } from '../src/model/kubernetes.ts';
import { SelectorIndex } from '../src/model/label-index.ts';
import type { Mesh } from '../src/model/mesh.ts';
import { protocolNames } from '../src/model/protocols.ts';
import { workloadsSelected } from '../src/model/selection.ts';
import { containerPorts, targetOf } from '../src/model/service-ports.ts';
import { items } from '../src/model/untyped.ts';
import { byName, type Workload } from '../src/model/workloads.ts';

const WFT1027 = message<{ port: number; target: string | number; declared: string; workload: string }>({
  name: 'ServicePortNotServed',
  level: 'Warning',
  summary: 'a port of a Service goes to a port that no container of its workloads has',
  text: ({ port, target, declared, workload }) => {
    const where = `no container of ${workload} has`;
    const has = declared === '' ? '' : `; declared: ${declared}`;
    return typeof target === 'string'
      ? `port ${port} goes to the port named "${target}", and ${where} a port of that name${has}`
      : `port ${port} goes to port ${target}, and ${where} declared it${has}`;
  },
  help: 'let targetPort be the port on which the application listens, by its number or by its name in spec.containers[].ports',
  effect: ({ target }) =>
    typeof target === 'string'
      ? 'the service has no endpoints at this port: requests get 503 (response flag UH)'
      : 'if nothing listens there, requests get 503 (response flag UF); declaring a port is not what opens it',
  aliases: ['KIA0701'],
});

/** Service.spec.ports[].targetPort: a name has to be one of a container's ports; of a number the list of ports is only a hint. */
export default defineAnalyzer({
  name: 'weft.ServiceTargetPortAnalyzer',
  summary: 'ports of services go to ports that their workloads have',
  reads: ['Service', 'Pod', 'Gateway'],
  preset: 'recommended',
  messages: { WFT1027 },
  check({ mesh, knowsWorkloads, report }) {
    for (const service of mesh.list('Service')) {
      const { selector, type } = service.spec;
      if (type === 'ExternalName' || !selector || Object.keys(selector).length === 0 || !knowsWorkloads()) continue;
      const workloads = workloadsSelected(mesh, service.namespace, selector).toSorted(byName);
      const [first] = workloads;
      if (!first) continue;
      const ofProxy = workloads.some((workload) => isGateway(mesh, workload));
      const declared = workloads.map(({ spec }) => containerPorts(spec));
      for (const [i, port] of items(service.spec.ports).entries()) {
        const target = targetOf(port);
        if (typeof target === 'number' ? ofProxy || sidecarPorts.has(target) || maybeServed(target, declared) : isNamed(port, target, declared)) continue;
        const path = ['spec', 'ports', i, port.targetPort === undefined ? 'port' : 'targetPort'];
        const data = { port: port.port, target, declared: names(describe(declared.flat()), ', '), workload: nameOf(workloads) };
        const related = [{ resource: first.resource, path: portsPath(first), text: 'the ports that it declares' }];
        const level = typeof target === 'number' ? 'Info' : undefined;
        report('WFT1027', service, path, data, { related, level, ...correction(port, target, declared.flat(), path) });
      }
    }
  },
});

/** A container that lists no ports may listen on any. */
function maybeServed(target: number, declared: readonly ContainerPort[][]): boolean {
  return declared.some((ports) => ports.length === 0 || ports.some((port) => port.containerPort === target));
}

function isNamed(port: ServicePort, target: string, declared: readonly ContainerPort[][]): boolean {
  return typeof target !== 'string' || declared.some((ports) => ports.some((p) => p.name === target && protocolOf(p) === protocolOf(port)));
}

function protocolOf({ protocol = 'TCP' }: { protocol?: string }): string {
  return protocol;
}

/** A gateway opens the ports that it is told to by its configuration, and declares none of them. */
function isGateway(mesh: Mesh, { spec, labels }: Workload): boolean {
  if (containersOf(spec).some(({ name, image }) => image === 'auto' || (name === proxyContainer && spec.containers?.length === 1))) return true;
  const gateways = mesh.memo('gateways by selector', ['Gateway'], () => new SelectorIndex(mesh.list('Gateway'), (gateway) => gateway.spec.selector ?? {}));
  return gateways.selecting(labels).length > 0;
}

const protocols: ReadonlySet<string> = new Set(protocolNames);

function correction(port: ServicePort, target: string | number, declared: readonly ContainerPort[], path: Path): ReportExtra {
  if (typeof target === 'number') return {};
  const other = declared.find(({ name }) => name === target);
  if (other) return { help: `the containers have it for ${protocolOf(other)}, and the service for ${protocolOf(port)}` };
  // `https` is no typing error of `http`.
  if (target.length < 3 || protocols.has(target)) return {};
  return meant(
    nearest(
      target,
      declared.flatMap((p) => (typeof p.name === 'string' && protocolOf(p) === protocolOf(port) ? [p.name] : [])),
    ),
    path,
  );
}

function describe(ports: readonly ContainerPort[]): string[] {
  return [...new Set(ports.map(({ name, containerPort }) => (name ? `${name} (${containerPort})` : `${containerPort}`)))];
}

function nameOf([first, ...others]: readonly Workload[]): string {
  const name = `${first?.resource.kind} ${first?.name}`;
  return others.length === 0 ? name : `${name} and ${others.length} more`;
}

function portsPath({ resource, isPod }: Workload): Path {
  if (isPod) return ['spec', 'containers', 0, 'ports'];
  const template = ['template', 'spec', 'containers', 0, 'ports'];
  return resource.kindName === 'CronJob' ? ['spec', 'jobTemplate', 'spec', ...template] : ['spec', ...template];
}
