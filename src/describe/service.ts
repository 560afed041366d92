// Everything that applies to one service.
import type { ProxyIdentity } from '../ir/table.ts';
import type { Mesh } from '../model/mesh.ts';
import type { MeshService } from '../model/services.ts';
import type { Workload } from '../model/workloads.ts';
import { originOf } from '../translate/statuses.ts';
import { namedProxy, sidecarOf } from '../translate/workload-identity.ts';
import { Caller } from './caller.ts';
import type { MtlsSection, Problem, ServiceDescription, WorkloadSection } from './description.ts';
import { workloadsOf } from './find.ts';
import { ingressSection } from './ingress.ts';
import { ingressProblems } from './ingress-problems.ts';
import { membershipOf } from './membership.ts';
import { mtlsSection } from './mtls.ts';
import { notReady, phaseOf } from './pod-state.ts';
import { policySection } from './policies.ts';
import { inOrder, policyProblems, serviceProblems, statusProblems } from './problems.ts';
import { Clients, serviceSection } from './service-section.ts';
import type { Subject } from './subject.ts';
import { tcpPolicyProblems } from './tcp-policies.ts';
import { ambientProblems, waypointProblems } from './waypoint.ts';

/** The same mesh and service give the same description. */
export function describeService(mesh: Mesh, service: MeshService): ServiceDescription {
  const workloads = workloadsOf(mesh, service);
  const sections = workloads.map((workload) => workloadSection(mesh, workload));
  const inMesh = workloads.filter((_, i) => sections[i]?.membership !== 'none' && sections[i]?.membership !== 'ambient');
  const subject: Subject = { mesh, workloads, services: [service], labels: workloads.map(({ labels }) => labels), whole: true };
  const [first] = inMesh;
  const clients = new Clients(mesh, (first && sidecarOf(mesh, first.namespace, first.name)) ?? namedProxy('sidecar', service.namespace, ''));
  const policies = policySection(mesh, workloads, callersOf(mesh, inMesh, clients.own));
  const services = [serviceSection(subject, clients, service, policies)];
  const mtls = eachOnce(inMesh.map((workload) => mtlsSection(mesh, workload)));
  const ingress = ingressSection(subject);
  const ambient = sections.length > 0 && sections.every(({ membership }) => membership === 'ambient');
  const problems = [
    ...workloadProblems(service, sections),
    ...services.flatMap((section) => serviceProblems(section, mtls, false)),
    ...services.flatMap((section) => [...waypointProblems(section.waypoint, `service ${section.name}`), ...ambientProblems(section, ambient)]),
    ...policyProblems(policies),
    ...tcpPolicyProblems(mesh, inMesh, services),
    ...statusProblems([...clients.all, ...ingress.callers], services, ingress.section),
    ...ingressProblems(subject, ingress.section),
  ];
  return {
    kind: service.source === 'kubernetes' ? 'Service' : 'ServiceEntry',
    namespace: service.namespace,
    name: service.resource.name,
    problems: inOrder(problems),
    workloads: sections,
    services,
    mtls,
    policies,
    ingress: ingress.section,
  };
}

function workloadSection(mesh: Mesh, workload: Workload): WorkloadSection {
  const phase = phaseOf(workload);
  return {
    kind: workload.resource.kind,
    namespace: workload.namespace,
    name: workload.name,
    ...(phase === undefined ? {} : { phase }),
    membership: membershipOf(mesh, workload).kind,
    notReady: notReady(workload).map(({ container }) => container),
  };
}

/** One for each set of labels, which EnvoyFilters select by. */
function callersOf(mesh: Mesh, workloads: readonly Workload[], own: Caller): Caller[] {
  const byLabels = new Map<string, ProxyIdentity>();
  for (const { namespace, name, labels } of workloads) {
    const proxy = sidecarOf(mesh, namespace, name);
    const { 'pod-template-hash': _, ...others } = labels;
    if (proxy) byLabels.set(JSON.stringify(Object.entries(others).sort()), proxy);
  }
  const others = mesh.list('EnvoyFilter').length === 0 ? [] : [...byLabels.values()].filter(({ name }) => name !== own.proxy.name);
  return [...(own.proxy.name === '' ? [] : [own]), ...others.map((proxy) => new Caller(mesh, proxy))];
}

function eachOnce(sections: readonly MtlsSection[]): MtlsSection[] {
  return [...new Map(sections.map((section) => [JSON.stringify(section), section])).values()];
}

function workloadProblems({ resource, selector, name, external, aliasOf }: MeshService, workloads: readonly WorkloadSection[]): Problem[] {
  const about = originOf(resource);
  if (!selector || external || aliasOf !== undefined) return [];
  if (workloads.length === 0) {
    return [{ severity: 'error', code: 'no-pods', text: `service ${name} has no pods: nothing has the labels of its selector`, about }];
  }
  const found: Problem[] = [];
  const add = (severity: Problem['severity'], code: string, text: string): void => void found.push({ severity, code, text, about });
  for (const { kind, name: own, phase, notReady: containers } of workloads) {
    if (phase !== undefined && phase !== 'Running') add('warning', 'not-running', `${kind.toLowerCase()} ${own} is not running: it is ${phase}`);
    for (const container of containers) add('warning', 'not-ready', `container ${container} of pod ${own} is not ready`);
  }
  const outside = workloads.filter(({ membership }) => membership === 'none');
  if (outside.length === workloads.length) {
    add('warning', 'not-in-mesh', `none of its ${workloads.length} workloads has a sidecar: policies do not protect it, and what it sends goes past the mesh`);
  } else if (outside.length > 0)
    add('warning', 'not-in-mesh', `${outside.length} of its ${workloads.length} workloads have no sidecar: ${outside.map((one) => one.name).join(', ')}`);
  return found;
}
