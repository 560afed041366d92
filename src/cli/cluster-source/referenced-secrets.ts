import type { WantedSecrets } from '../../kube/load-secrets.ts';
import type { Gateway } from '../../manifest/istio/networking.gen.ts';
import type { Resource } from '../../manifest/resource.ts';
import { isMap } from '../../model/untyped.ts';

/** The Secrets that resources refer to; undefined where they refer to none, and so nobody asks which there are. */
export function referencedSecrets(resources: Iterable<Resource>, istioNamespace: string): WantedSecrets | undefined {
  const names = new Set<string>();
  let remoteClusters = false;
  for (const resource of resources) {
    if (resource.kindName === 'Gateway') for (const name of credentialNames(resource as Resource<Gateway>)) names.add(name.slice(name.indexOf('/') + 1));
    // The networks of a mesh name the clusters that their endpoints are in.
    if (resource.kindName === 'ConfigMap' && resource.name === 'istio' && resource.namespace === istioNamespace) {
      const { data } = resource.raw;
      remoteClusters ||= isMap(data) && typeof data.meshNetworks === 'string' && data.meshNetworks.includes('fromRegistry');
    }
  }
  return names.size > 0 || remoteClusters ? { names, remoteClusters } : undefined;
}

function credentialNames({ spec }: Resource<Gateway>): string[] {
  return (spec.servers ?? []).flatMap((server) => [server?.tls?.credentialName ?? '', ...(server?.tls?.credentialNames ?? [])]).filter((name) => name !== '');
}
