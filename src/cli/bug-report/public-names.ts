import type { KubeObject } from '../../kube/object.ts';
import { isMap } from '../../model/untyped.ts';

/** What is in everything that a mesh prints. */
const usual = [
  'kubernetes',
  'cluster.local',
  'istio-system',
  'istio-proxy',
  'istio-init',
  'istio-ingressgateway',
  'localhost',
  'default',
  'svc.cluster.local',
  'ROOTCA',
];

/**
 * Names that everybody can see: of objects, hosts, containers, images. A Secret may have one of them as a value, such as the name of the
 * database; it is no secret, and without it nobody would understand the rest.
 */
export function publicNames(objects: Iterable<KubeObject>): (text: string) => boolean {
  const names = new Set(usual);
  const add = (...more: (string | undefined)[]): void => {
    for (const one of more) if (one) names.add(one);
  };
  for (const { kind, metadata, spec } of objects) {
    const { name, namespace, labels = {} } = metadata;
    add(kind, name, namespace);
    // A value with digits may be more than a word.
    for (const value of Object.values(labels)) if (/^[a-z]+(?:-[a-z]+)*$/.test(value)) add(value);
    if (kind === 'Service') add(`${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`);
    for (const host of hostsOf(spec)) add(host);
    for (const container of containersOf(spec)) {
      add(container.name);
      for (const part of (container.image ?? '').split(/[/:@]/)) if (/^[a-z][a-z.-]+$/.test(part)) add(part);
    }
  }
  return (text) => names.has(text);
}

function hostsOf(spec: unknown): string[] {
  const { host, hosts } = isMap(spec) ? spec : {};
  return [host, ...(Array.isArray(hosts) ? hosts : [])].filter((one) => typeof one === 'string');
}

function containersOf(spec: unknown): { name?: string; image?: string }[] {
  if (!isMap(spec)) return [];
  const template = isMap(spec.template) && isMap(spec.template.spec) ? spec.template.spec : spec;
  return [template.containers, template.initContainers].flatMap((list) => (Array.isArray(list) ? list.filter(isMap) : [])) as {
    name?: string;
    image?: string;
  }[];
}
