import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0144 } from '../src/analysis/catalogue/workloads.ts';
import type { Path } from '../src/manifest/problem.ts';
import { containersOf, isControlPlane, proxyContainer } from '../src/model/injection.ts';
import type { PodSpec } from '../src/model/kubernetes.ts';

const proxyUser = 1337;
const istioContainers: ReadonlySet<string | undefined> = new Set([proxyContainer, 'istio-operator']);

/** spec/analyze/messages.md, applicationUID.Analyzer */
export default defineAnalyzer({
  name: 'applicationUID.Analyzer',
  summary: 'no application runs as the user of the sidecar',
  reads: ['Pod', 'Deployment'],
  preset: 'reference',
  messages: { IST0144 },
  check({ mesh, report }) {
    const pods = mesh.list('Pod').map((resource) => ({ resource, spec: resource.spec, path: ['spec'] }));
    const deployments = mesh.list('Deployment').map((resource) => ({ resource, spec: resource.spec.template?.spec ?? {}, path: ['spec', 'template', 'spec'] }));
    for (const { resource, spec, path } of [...pods, ...deployments]) {
      if (isControlPlane(resource)) continue;
      for (const { field, at } of proxyUsers(spec)) report('IST0144', resource, [...path, ...at], { field, same: 'runAsUser' });
    }
  },
});

function proxyUsers(spec: PodSpec): { field: string; at: Path }[] {
  const found: { field: string; at: Path }[] = [];
  const at = ['securityContext', 'runAsUser'];
  if (spec.securityContext?.runAsUser === proxyUser) found.push({ field: 'runAsUser of the pod', at });
  containersOf(spec).forEach(({ name, securityContext }, i) => {
    if (istioContainers.has(name) || securityContext?.runAsUser !== proxyUser) return;
    found.push({ field: `runAsUser of container ${name ?? i}`, at: ['containers', i, ...at] });
  });
  return found;
}
