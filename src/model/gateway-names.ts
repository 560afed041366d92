/**
 * The gateway that a virtual service means: `mesh`, or `namespace/name` (SEL-R3). The old form `name.namespace.svc.…` is still
 * understood.
 */
export function resolveGatewayName(namespace: string, name: string): string {
  if (name === 'mesh') return name;
  const slash = name.indexOf('/');
  if (slash >= 0) return name.slice(0, slash) === '.' ? `${namespace}${name.slice(slash)}` : name;
  const [first, second] = name.split('.');
  return second === undefined ? `${namespace}/${name}` : `${second}/${first}`;
}

/** The gateways that a virtual service is bound to: the sidecars' `mesh` when it names none (SEL-R10). */
export function boundGateways(gateways: readonly string[] | undefined, namespace: string): ReadonlySet<string> {
  return new Set(gateways?.length ? gateways.map((name) => resolveGatewayName(namespace, name)) : ['mesh']);
}
