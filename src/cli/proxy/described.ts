import type { ProxyIdentity } from '../../ir/table.ts';
import { Mesh } from '../../model/mesh.ts';
import { defaultMeshConfig } from '../../model/mesh-config.ts';
import { usageError } from '../exit.ts';
import type { ManifestFlags } from './flags.ts';
import { identityOf } from './identity.ts';

/**
 * A proxy that is known by its flags only, since a control plane has the manifests.
 *
 * @throws CliError (usage)
 */
export function describedIdentity(flags: ManifestFlags): ProxyIdentity {
  if (flags.proxy === undefined && flags.gateway === undefined)
    throw usageError(
      'the control plane has to know which proxy this is',
      'Name it with --proxy NAMESPACE/NAME or --gateway NAMESPACE/NAME, and its labels with --labels or --labels-file.',
    );
  const { istioNamespace } = flags;
  const nothing = new Mesh([], {
    assume: 'complete',
    istioNamespace,
    templates: true,
    knownHosts: [],
    now: new Date(0),
    meshConfig: defaultMeshConfig(istioNamespace),
  });
  // Without any, the control plane knows them.
  return identityOf(flags.labelsFile === undefined ? { ...flags, labels: flags.labels ?? '' } : flags, nothing);
}
