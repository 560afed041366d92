import type { Path } from '../../../manifest/problem.ts';
import { checkFqdn, fqdnProblem, isDnsLabel } from '../primitives.ts';
import type { ProblemSink } from '../validator.ts';

/** The name that stands for the sidecars of the mesh in a list of gateways. */
export const meshGateway = 'mesh';

/**
 * Gateways are `namespace/name`, or a name in the resource's own namespace. As in the reference, the first name without a slash
 * ends the check of the list.
 */
export function checkGatewayNames(sink: ProblemSink, path: Path, gateways: readonly string[] | undefined): void {
  for (const [i, gateway] of (gateways ?? []).entries()) {
    const at = [...path, i];
    const slash = gateway.indexOf('/');
    if (slash < 0) {
      if (gateway.includes('.')) warnLegacyName(sink, at, gateway);
      checkFqdn(sink, at, gateway);
      return;
    }
    const namespace = gateway.slice(0, slash);
    const name = gateway.slice(slash + 1);
    if (namespace === '' || name === '') {
      sink.error(at, `gateway "${gateway}" lacks ${namespace === '' ? 'its namespace' : 'its name'}`, {
        same: 'empty gateway namespace or name',
        help: 'write namespace/name, or the name alone for a gateway of the same namespace',
      });
    }
    if (!isDnsLabel(namespace))
      sink.error(at, `namespace "${namespace}" of gateway "${gateway}" is not a DNS label`, { same: `gateway namespace ${namespace}` });
    if (!isDnsLabel(name)) sink.error(at, `name "${name}" of gateway "${gateway}" is not a DNS label`, { same: `gateway name ${name}` });
  }
}

/** `edge.shop.svc.cluster.local` was how gateways of other namespaces were written before `shop/edge`. */
function warnLegacyName(sink: ProblemSink, path: Path, gateway: string): void {
  const [name, namespace] = gateway.split('.');
  const modern = `${namespace}/${name}`;
  const title = `write the gateway as "${modern}"`;
  sink.warning(path, `gateway "${gateway}" is written in the old form; it is "${modern}" now`, {
    help: title,
    fix: fqdnProblem(gateway) ? undefined : { title, path: ['spec', ...path], target: 'value', text: modern },
  });
}
