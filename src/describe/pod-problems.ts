import { nearest } from '../manifest/nearest.ts';
import { containersOf } from '../model/injection.ts';
import type { Workload } from '../model/workloads.ts';
import { originOf } from '../translate/statuses.ts';
import type { PodDescription, Problem } from './description.ts';

const proxyUser = 1337;
const ownContainers: ReadonlySet<string | undefined> = new Set(['istio-proxy', 'istio-operator']);

const nameLabels = ['service.istio.io/canonical-name', 'app.kubernetes.io/name', 'app'];
const revisionLabels = ['service.istio.io/canonical-revision', 'app.kubernetes.io/version', 'version'];

export function podProblems(workload: Workload, description: PodDescription): Problem[] {
  const { resource, labels, spec } = workload;
  const { phase, membership, services, gateways } = description;
  const about = originOf(resource);
  const found: Problem[] = [];
  const add = (severity: Problem['severity'], code: string, text: string, help?: string): void => {
    found.push({ severity, code, text, about, ...(help === undefined ? {} : { help }) });
  };
  for (const name of proxyUsers(spec)) {
    add('error', 'uid-1337', `${name} runs as user 1337, which is the sidecar's: what it sends goes past the sidecar`, 'Let it run as another user.');
  }
  if (phase !== undefined && phase !== 'Running') add('error', 'not-running', `the pod is not running: it is ${phase}`);
  for (const { container, init } of description.notReady) add('error', 'not-ready', `${init ? 'init container' : 'container'} ${container} is not ready`);
  if (membership.kind === 'none') {
    const help = 'Label its namespace istio-injection=enabled, and make the pod again; or put the sidecar into the manifest with weft kube-inject.';
    add('warning', 'not-in-mesh', 'it has no sidecar: nothing of what follows applies to what it sends, and policies do not protect it', help);
  }
  const typed = nearest(
    'istio-proxy',
    containersOf(spec).flatMap(({ name }) => name ?? []),
  );
  if (membership.kind === 'none' && typed !== undefined)
    add('info', 'name-of-sidecar', `container ${typed} is no sidecar to the mesh: that is named istio-proxy`);
  if (!nameLabels.some((name) => labels[name]))
    add('info', 'no-canonical-name', `telemetry does not know its name: none of the labels ${nameLabels.join(', ')} is there`);
  if (!revisionLabels.some((name) => labels[name])) {
    add('info', 'no-canonical-revision', `telemetry does not know its version: none of the labels ${revisionLabels.join(', ')} is there`);
  }
  if (services.length === 0 && gateways.length === 0) {
    add('warning', 'no-service', 'no service selects it: no name of the mesh leads to it', 'Compare the selector of the Service with the labels of the pod.');
  }
  return found;
}

/** Of the pod itself, and of its containers. */
function proxyUsers(spec: Workload['spec']): string[] {
  const containers = containersOf(spec).filter(({ name, securityContext }) => !ownContainers.has(name) && securityContext?.runAsUser === proxyUser);
  return [...(spec.securityContext?.runAsUser === proxyUser ? ['the pod'] : []), ...containers.map(({ name }) => `container ${name ?? ''}`)];
}
