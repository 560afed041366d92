import { isIP } from 'node:net';
import type { ProxyIdentity } from '../../ir/table.ts';
import { knownNames } from '../../manifest/known-names.ts';
import type { Mesh } from '../../model/mesh.ts';
import { gatewayNames, gatewayOfResource, gatewayWorkload, namedProxy, sidecarOf } from '../../translate/workload-identity.ts';
import { CliError, usageError } from '../exit.ts';
import { type ManifestFlags, parseLabels, parseLocalityFlag, parseNamespacedName } from './flags.ts';
import { readLabelsFile } from './labels-file.ts';

/**
 * The proxy that the flags ask for: what the manifests know of it, then what the flags say.
 *
 * @throws CliError when the manifests do not have it and the flags do not describe it
 */
export function identityOf(flags: ManifestFlags, mesh: Mesh): ProxyIdentity {
  if (flags.proxy !== undefined && flags.gateway !== undefined) throw usageError('--proxy and --gateway do not go together: a process is one proxy');
  // The kubelet writes all addresses of a pod as one text.
  const addresses = flags.ip?.flatMap((text) => text.split(','));
  for (const address of addresses ?? []) if (isIP(address) === 0) throw usageError(`--ip takes an IP address, not "${address}"`);
  const labels = labelsOf(flags);
  const found = flags.gateway === undefined ? sidecar(flags, mesh, labels !== undefined) : gateway(flags.gateway, flags, mesh, labels !== undefined);
  return {
    ...found,
    ...(labels === undefined ? {} : { labels }),
    ...(flags.serviceAccount === undefined ? {} : { serviceAccount: flags.serviceAccount }),
    ...(flags.locality === undefined ? {} : { locality: parseLocalityFlag(flags.locality) }),
    ...(addresses === undefined ? {} : { addresses }),
  };
}

/** @returns undefined where the flags say nothing of labels */
function labelsOf({ labels, labelsFile }: ManifestFlags): Record<string, string> | undefined {
  if (labels !== undefined && labelsFile !== undefined) throw usageError('--labels and --labels-file do not go together');
  if (labelsFile !== undefined) return readLabelsFile(labelsFile);
  return labels === undefined ? undefined : parseLabels(labels);
}

function sidecar(flags: ManifestFlags, mesh: Mesh, described: boolean): ProxyIdentity {
  const own = flags.namespace ?? onlyNamespace(mesh);
  if (flags.proxy === undefined) return namedProxy('sidecar', own, '');
  const { namespace, name } = parseNamespacedName('proxy', flags.proxy, own);
  const found = sidecarOf(mesh, namespace, name);
  if (found) return found;
  if (described) return namedProxy('sidecar', namespace, name);
  const workloads = [...mesh.allWorkloads(), ...mesh.list('WorkloadEntry')].map((w) => `${w.namespace}/${w.name}`);
  throw new CliError(
    `--proxy: the manifests have no workload ${namespace}/${name}`,
    undefined,
    workloads.length > 0
      ? `${knownNames(`${namespace}/${name}`, workloads)} Or describe it with --labels.`
      : 'They have none at all. Describe it with --labels app=…,version=….',
  );
}

/** A Gateway resource by its name, or the workload of gateways. */
function gateway(text: string, flags: ManifestFlags, mesh: Mesh, described: boolean): ProxyIdentity {
  const { namespace, name } = parseNamespacedName('gateway', text, flags.namespace ?? onlyNamespace(mesh));
  const workload = gatewayWorkload(mesh, namespace, name);
  if (workload) return workload;
  if (described) return namedProxy('gateway', namespace, name);
  const found = gatewayOfResource(mesh, namespace, name);
  if (found) return found;
  const known = gatewayNames(mesh);
  throw new CliError(
    `--gateway: the manifests have no gateway ${namespace}/${name}`,
    undefined,
    known.length > 0 ? knownNames(`${namespace}/${name}`, known) : 'They have none at all. A sidecar needs no --gateway.',
  );
}

/** The namespace that all virtual services and services are in; `default` where there are several. */
function onlyNamespace(mesh: Mesh): string {
  const namespaces = new Set(
    (['VirtualService', 'Service', 'ServiceEntry', 'DestinationRule'] as const).flatMap((kind) => mesh.list(kind).map((r) => r.namespace)),
  );
  return namespaces.size === 1 ? ([...namespaces][0] as string) : 'default';
}
