// A description as a person reads it: what matters first, then the facts under the labels that people know.

import type { Membership, PodDescription, Problem, ServiceDescription } from '../../describe/description.ts';
import { counted } from '../counted.ts';
import type { Places } from '../route/places.ts';
import type { About } from './host-lines.ts';
import { ingressLines } from './ingress-lines.ts';
import { Lines, type LinesOptions } from './lines.ts';
import { hasPolicies, mtlsLines, policyLines, sidecarLines } from './policy-lines.ts';
import { portsText, serviceLines } from './service-lines.ts';
import { waypointLines } from './waypoint-lines.ts';

export interface TextOptions extends LinesOptions {
  places: Places;
  /** Also of a pod without a sidecar everything. */
  ignoreUnmeshed: boolean;
}

const requirements = 'https://istio.io/latest/docs/ops/deployment/application-requirements/';

export function podText(pod: PodDescription, options: TextOptions): string {
  const lines = new Lines(options);
  const about: About = { of: 'pod', namespace: pod.namespace };
  headline(lines, `${pod.kind.toLowerCase()} ${pod.name} in namespace ${pod.namespace}`, pod.problems);
  const codes = new Set(pod.problems.map(({ code }) => code));
  if (codes.has('uid-1337')) lines.warn('WARNING: User ID (UID) 1337 is reserved for the sidecar proxy.');
  lines.add(`${pod.kind}: ${lines.name(pod)}`, { place: lines.place({ ...pod, path: [] }) });
  lines.add(`   Pod Revision: ${pod.membership.revision}`);
  lines.add(pod.ports.length > 0 ? `   Pod Ports: ${portsText(pod.ports)}` : '   Pod does not expose ports');
  lines.add(`   Sidecar: ${membershipText(pod.membership)}`);
  const running = pod.phase === undefined || pod.phase === 'Running';
  if (!running) lines.warn(`   Pod is not Running (${pod.phase})`);
  for (const { container, init } of pod.notReady) lines.warn(`WARNING: Pod ${lines.name(pod)} ${init ? 'Init ' : ''}Container ${container} NOT READY`);
  if (pod.membership.kind === 'none' && running) {
    lines.warn(`WARNING: ${lines.name(pod)} is not part of mesh; no Istio sidecar`);
    if (!options.ignoreUnmeshed) {
      lines.add('   With --ignoreUnmeshed the rest is described all the same.');
      return lines.text();
    }
  }
  if (codes.has('no-canonical-name')) lines.add(`Suggestion: add required service name label for Istio telemetry. See ${requirements}.`);
  if (codes.has('no-canonical-revision')) lines.add(`Suggestion: add required service revision label for Istio telemetry. See ${requirements}.`);
  for (const { origin, port, protocol, hosts } of pod.gateways) {
    lines.add(`   Gateway: ${lines.name(origin)} ${port}/${protocol} for ${hosts.join(', ')}`, { place: lines.place(origin) });
  }
  if (pod.services.length === 0) lines.warn(`Warning: No Kubernetes Services select pod ${lines.name(pod)} (see ${requirements})`);
  for (const service of pod.services) {
    lines.rule();
    serviceLines(lines, options.places, service, about);
  }
  if (pod.waypoint) {
    lines.rule();
    waypointLines(lines, pod.waypoint, 'Connections to the pod itself');
  }
  if (pod.mtls) {
    lines.rule();
    mtlsLines(lines, pod.mtls);
  }
  if (hasPolicies(pod.policies)) {
    lines.rule();
    policyLines(lines, pod.policies);
  }
  if (pod.sidecar) {
    lines.rule();
    sidecarLines(lines, pod.sidecar);
  }
  ingressLines(lines, pod.ingress, about);
  return lines.text();
}

export function serviceText(service: ServiceDescription, options: TextOptions): string {
  const lines = new Lines(options);
  const about: About = { of: 'service', namespace: service.namespace };
  headline(lines, `service ${service.name} in namespace ${service.namespace}`, service.problems);
  workloadLines(lines, service);
  for (const section of service.services) serviceLines(lines, options.places, section, about);
  for (const mtls of service.mtls) {
    lines.rule();
    mtlsLines(lines, mtls);
  }
  if (hasPolicies(service.policies)) {
    lines.rule();
    policyLines(lines, service.policies);
  }
  ingressLines(lines, service.ingress, about);
  return lines.text();
}

function workloadLines(lines: Lines, { name, workloads, problems }: ServiceDescription): void {
  for (const { kind, name: own, namespace, phase, membership, notReady } of workloads) {
    const shown = lines.name({ name: own, namespace });
    if (phase !== undefined && phase !== 'Running') lines.warn(`   Pod is not Running (${phase})`);
    if (membership === 'none') lines.warn(`${kind} ${shown}: no container "istio-proxy" in pod`);
    for (const container of notReady) lines.warn(`WARNING: Pod ${shown} Container ${container} NOT READY`);
  }
  if (problems.some(({ code }) => code === 'no-pods')) lines.warn(`Service ${JSON.stringify(name)} has no pods.`);
  else if (workloads.length > 0 && workloads.every(({ membership }) => membership === 'none')) {
    lines.warn(`Service ${JSON.stringify(name)} has no Istio pods.  (${workloads.length} pods in service).`);
    lines.add('Use `weft kube-inject` or redeploy with automatic sidecar injection.');
  } else if (workloads.length > 0) {
    const kinds = [...Map.groupBy(workloads, ({ kind, membership }) => `${kind} ${membership}`).values()].map((list) => {
      const [first] = list;
      return `${counted(list.length, first?.kind ?? 'Pod')} ${memberships[first?.membership ?? 'none']}`;
    });
    lines.add(
      `Workloads: ${kinds.join(', ')}: ${workloads
        .slice(0, 10)
        .map((one) => one.name)
        .join(', ')}${workloads.length > 10 ? ', …' : ''}`,
    );
  }
}

const memberships: Readonly<Record<Membership['kind'], string>> = {
  sidecar: 'with a sidecar',
  'native-sidecar': 'with a native sidecar',
  expected: 'that will get a sidecar',
  gateway: 'that are a gateway',
  ambient: 'in ambient mode',
  none: 'without a sidecar',
};

/** `weft 0.1.0, embedded, as a native sidecar (registry/weft:0.1.0)` */
function membershipText({ kind, engine, version, image }: Membership): string {
  switch (kind) {
    case 'none':
      return 'none';
    case 'ambient':
      return 'none: ambient, its connections go through ztunnel, and HTTP is read at waypoints alone';
    case 'expected':
      return 'will be injected';
  }
  const parts = [version, engine && `engine ${engine}`, kind === 'native-sidecar' && 'native', kind === 'gateway' && 'as a gateway'].filter(Boolean);
  return `${parts.length > 0 ? parts.join(', ') : 'there'}${image === undefined ? '' : ` (${image})`}`;
}

const labels = { error: 'ERROR', warning: 'WARNING', info: 'INFO' } as const;

/** What somebody who was woken up has to know. */
function headline(lines: Lines, what: string, problems: readonly Problem[]): void {
  const { style } = lines;
  const serious = problems.filter(({ severity }) => severity !== 'info');
  const hints = problems.length - serious.length;
  const also = hints > 0 ? `${serious.length > 0 ? ', ' : ' ('}${counted(hints, 'hint')}${serious.length > 0 ? '' : ')'}` : '';
  if (serious.length === 0) lines.add(`No problems with ${what}${also}`, { paint: style.good });
  else lines.add(`${counted(serious.length, 'problem')}${also} with ${what}:`, { paint: style.strong });
  for (const { severity, text, about, help } of problems) {
    const paint = severity === 'error' ? style.error : severity === 'warning' ? style.warning : style.info;
    lines.add(`   ${labels[severity]}: ${text}`, { paint, ...(about ? { place: lines.place(about) } : {}) });
    if (help !== undefined) lines.add(`      ${help}`);
  }
  lines.rule();
}
