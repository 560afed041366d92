// Who sends the request: a workload's sidecar, or a gateway that got it from outside.
import type { ProxyIdentity } from '../../ir/table.ts';
import type { Mesh } from '../../model/mesh.ts';
import { parseWorkloadName, sidecarNamed } from '../../translate/workload-names.ts';
import { CliError, usageError } from '../exit.ts';
import { identityOf } from '../proxy/identity.ts';

export interface CallerFlags {
  namespace?: string;
  istioNamespace: string;
  from?: string;
  gateway?: string;
}

/**
 * The proxy that the request goes through.
 *
 * @throws CliError where the mesh has no such workload or gateway, with the nearest names
 */
export function callerOf(flags: CallerFlags, mesh: Mesh): ProxyIdentity {
  const { from, gateway, namespace, istioNamespace } = flags;
  if (from !== undefined && gateway !== undefined)
    throw usageError('--from and --gateway do not go together', 'A request comes from a workload of the mesh, or from outside to a gateway.');
  const rest = { istioNamespace, ...(namespace === undefined ? {} : { namespace }) };
  if (from === undefined) return identityOf({ ...rest, ...(gateway === undefined ? {} : { gateway }) }, mesh);
  const { namespace: own } = identityOf(rest, mesh);
  const name = parseWorkloadName(from);
  if (!name) throw usageError(`--from takes deploy/NAME.NAMESPACE, pod/NAME, NAME.NAMESPACE or NAMESPACE/NAME, not "${from}"`);
  const found = sidecarNamed(mesh, name, own);
  if ('role' in found) return found;
  if (found.known !== undefined) throw new CliError(`--from: ${found.text}`, undefined, found.known);
  throw new CliError(
    `--from: ${found.text}, and no other`,
    undefined,
    'Leave --from out, and name the namespace of the caller with -n: then it is a sidecar without a workload.',
  );
}
