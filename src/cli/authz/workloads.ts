// The workloads that `weft x authz check` is asked about, as the proxies that guard them.

import { findService, workloadsOf } from '../../describe/find.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import { knownNames } from '../../manifest/known-names.ts';
import type { Mesh } from '../../model/mesh.ts';
import { Services } from '../../model/services.ts';
import { gatewayNames, gatewayOfResource, gatewayWorkload, sidecarOf } from '../../translate/workload-identity.ts';
import { parseWorkloadName, sidecarNamed } from '../../translate/workload-names.ts';
import { CliError, usageError } from '../exit.ts';

/**
 * `pod/NAME`, `NAME.NAMESPACE`, `deploy/NAME`: one; `svc/NAME`: those behind it; `gateway/NAME`: what runs it.
 *
 * @param own namespace of names without one
 * @throws CliError for what is not there, with the nearest names
 */
export function workloadsNamed(mesh: Mesh, written: string, own: string): ProxyIdentity[] {
  const [, word = '', rest = ''] = /^(svc|service|services|gateway|gw)\/(.+)$/i.exec(written) ?? [];
  if (/^s/i.test(word)) return ofService(mesh, rest, own);
  if (word !== '') return [ofGateway(mesh, rest, own)];
  const name = parseWorkloadName(written);
  if (!name) throw usageError(`"${written}" names no workload`, 'It takes pod/NAME.NAMESPACE, deploy/NAME, NAME.NAMESPACE, svc/NAME or gateway/NAME.');
  const found = sidecarNamed(mesh, name, own);
  // A pod of gateways is asked what a gateway is asked.
  if ('role' in found) return [isGateway(mesh, found) ? { ...found, role: 'gateway' } : found];
  throw new CliError(found.text, undefined, found.known ?? `There is no ${name.kind ?? 'workload'} at all.`);
}

function namesIn(rest: string, own: string): { name: string; namespace: string } {
  const [name = '', namespace = own] = rest.replace(/\.svc(?:\.cluster\.local)?\.?$/, '').split('.');
  return { name, namespace };
}

function ofService(mesh: Mesh, rest: string, own: string): ProxyIdentity[] {
  const { name, namespace } = namesIn(rest, own);
  const service = findService(mesh, namespace, name);
  if (!service) {
    const all = Services.of(mesh).all.map((one) => `${one.name}.${one.namespace}`);
    throw new CliError(
      `there is no service ${name}.${namespace}`,
      undefined,
      all.length > 0 ? knownNames(`${name}.${namespace}`, all) : 'There is no service at all.',
    );
  }
  const proxies = workloadsOf(mesh, service).flatMap((workload) => sidecarOf(mesh, workload.namespace, workload.name) ?? []);
  if (proxies.length === 0) throw new CliError(`service ${name}.${namespace} has no workloads`, undefined, 'It selects no pod and nothing that makes pods.');
  return proxies;
}

function ofGateway(mesh: Mesh, rest: string, own: string): ProxyIdentity {
  const { name, namespace } = namesIn(rest, own);
  const found = gatewayOfResource(mesh, namespace, name) ?? gatewayWorkload(mesh, namespace, name);
  if (found) return found;
  const known = gatewayNames(mesh).map((full) => full.split('/').reverse().join('.'));
  throw new CliError(
    `there is no gateway ${name}.${namespace}`,
    undefined,
    known.length > 0 ? knownNames(`${name}.${namespace}`, known) : 'There is no gateway at all.',
  );
}

/** A Gateway selects it. */
function isGateway(mesh: Mesh, { namespace, name }: ProxyIdentity): boolean {
  return gatewayNames(mesh).some((full) => {
    const [of = '', resource = ''] = full.split('/');
    const found = gatewayOfResource(mesh, of, resource);
    return found?.namespace === namespace && found.name === name;
  });
}
