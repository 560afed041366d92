// Everything that applies to one workload.

import type { ProxyIdentity } from '../ir/table.ts';
import type { Mesh } from '../model/mesh.ts';
import { matchesLabels } from '../model/selectors.ts';
import { containerPorts } from '../model/service-ports.ts';
import { items } from '../model/untyped.ts';
import type { Workload } from '../model/workloads.ts';
import { originOf } from '../translate/statuses.ts';
import { sidecarOf as proxyOf } from '../translate/workload-identity.ts';
import type { GatewayServerSection, PodDescription, PolicySection, ServiceSection, WaypointSection } from './description.ts';
import { ingressSection } from './ingress.ts';
import { ingressProblems } from './ingress-problems.ts';
import { membershipOf } from './membership.ts';
import { mtlsSection } from './mtls.ts';
import { podProblems } from './pod-problems.ts';
import { notReady, phaseOf, podPorts } from './pod-state.ts';
import { policySection } from './policies.ts';
import { inOrder, policyProblems, serviceProblems, statusProblems } from './problems.ts';
import { Clients, serviceSection } from './service-section.ts';
import { sidecarSection } from './sidecar.ts';
import { type Subject, servicesSelecting } from './subject.ts';
import { tcpPolicyProblems } from './tcp-policies.ts';
import { ambientProblems, waypointProblems, waypointSection } from './waypoint.ts';

/** The same mesh and workload give the same description. */
export function describePod(mesh: Mesh, workload: Workload): PodDescription {
  const membership = membershipOf(mesh, workload);
  const subject: Subject = { mesh, workloads: [workload], services: servicesSelecting(mesh, workload), labels: [workload.labels], whole: false };
  const clients = new Clients(mesh, identityOf(mesh, workload));
  const hasProxy = membership.kind !== 'none' && membership.kind !== 'ambient';
  const policies = policySection(mesh, [workload], hasProxy ? [clients.own] : []);
  const services = subject.services.map((service) => serviceSection(subject, clients, service, policies));
  const mtls = hasProxy ? mtlsSection(mesh, workload) : undefined;
  const ingress = ingressSection(subject);
  const sidecar = hasProxy && membership.kind !== 'gateway' ? sidecarSection(mesh, clients.own.proxy) : undefined;
  const phase = phaseOf(workload);
  const waypoint = workload.isPod && membership.kind === 'ambient' ? waypointOfPod(mesh, workload, policies) : undefined;
  const base: PodDescription = {
    kind: workload.resource.kind,
    namespace: workload.namespace,
    name: workload.name,
    problems: [],
    ...(phase === undefined ? {} : { phase }),
    membership,
    ports: podPorts(workload),
    notReady: notReady(workload),
    services,
    ...(mtls ? { mtls } : {}),
    policies,
    ...(sidecar ? { sidecar } : {}),
    gateways: gatewaysOf(mesh, workload),
    ...(waypoint ? { waypoint } : {}),
    ingress: ingress.section,
  };
  const problems = [
    ...podProblems(workload, base),
    ...services.flatMap((service) => [...targetProblems(service, workload), ...serviceProblems(service, mtls ? [mtls] : [], true)]),
    ...services.flatMap((section) => [
      ...waypointProblems(section.waypoint, `service ${section.name}`),
      ...ambientProblems(section, membership.kind === 'ambient'),
    ]),
    ...waypointProblems(waypoint, `pod ${workload.name}`),
    ...policyProblems(policies),
    ...(hasProxy ? tcpPolicyProblems(mesh, [workload], services) : []),
    ...statusProblems([...clients.all, ...ingress.callers], services, ingress.section),
    ...ingressProblems(subject, ingress.section),
  ];
  return { ...base, problems: inOrder(problems) };
}

/** Most waypoints of namespaces take what is for services alone. */
function waypointOfPod(mesh: Mesh, { resource }: Workload, policies: PolicySection): WaypointSection | undefined {
  const found = waypointSection(mesh, resource, 'workload', policies);
  return found?.unused === 'traffic' && found.by.kind === 'Namespace' ? undefined : found;
}

function identityOf(mesh: Mesh, { namespace, name }: Workload): ProxyIdentity {
  const found = proxyOf(mesh, namespace, name);
  if (!found) throw new Error(`the mesh has no workload ${namespace}/${name}`);
  return found;
}

/** Gateways that the workload runs. */
function gatewaysOf(mesh: Mesh, workload: Workload): GatewayServerSection[] {
  const selecting = mesh.list('Gateway').filter(({ spec }) => Object.keys(spec.selector ?? {}).length > 0 && matchesLabels(spec.selector, workload.labels));
  return selecting.flatMap((gateway) =>
    items(gateway.spec.servers).flatMap(({ port, hosts }, i) =>
      port?.number ? [{ origin: originOf(gateway, 'spec', 'servers', i), port: port.number, protocol: port.protocol ?? '', hosts: hosts ?? [] }] : [],
    ),
  );
}

function targetProblems({ name, kind, namespace, ports }: ServiceSection, { spec }: Workload): PodDescription['problems'] {
  const declared = containerPorts(spec).map(({ containerPort }) => containerPort);
  const about = { kind, namespace, name, path: [] };
  return ports.flatMap(({ port, target, targetPort }): PodDescription['problems'] => {
    if (targetPort === undefined) {
      const text = `port ${port} of service ${name} goes to a container port named ${target}, and no container has one`;
      return [{ severity: 'error', code: 'no-target-port', text, about }];
    }
    if (declared.length === 0 || declared.includes(targetPort)) return [];
    return [
      {
        severity: 'info',
        code: 'undeclared-container-port',
        text: `port ${port} of service ${name} goes to ${targetPort}, which no container declares`,
        about,
      },
    ];
  });
}
