// The waypoint of a service or a pod, and the policies that are asked there.
import type { AuthorizationPolicy } from '../manifest/istio/security.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { gatewayNameLabel } from '../model/gateway-api.ts';
import type { Mesh } from '../model/mesh.ts';
import { workloadsSelected } from '../model/selection.ts';
import { classOf, trafficOf, waypointOf, whyUnused } from '../model/waypoints.ts';
import { targetsOf, WorkloadPolicies, waypointClass } from '../model/workload-policies.ts';
import { byName } from '../model/workloads.ts';
import { selectPatches } from '../translate/envoy-filters/select.ts';
import { originOf } from '../translate/statuses.ts';
import { namedProxy } from '../translate/workload-identity.ts';
import type { PolicySection, Problem, ServiceSection, WaypointPolicy, WaypointSection } from './description.ts';
import { objectsOf } from './origins.ts';
import { nameOf } from './problems.ts';

/** Kinds of policies that name what they are for. */
const attached = ['AuthorizationPolicy', 'RequestAuthentication', 'Telemetry', 'WasmPlugin'] as const;

/**
 * @param resource a service, or a pod
 * @param traffic what is to go through it
 * @param own policies of the workloads
 */
export function waypointSection(
  mesh: Mesh,
  resource: Resource,
  traffic: 'service' | 'workload',
  own: Pick<PolicySection, 'authorization'>,
): WaypointSection | undefined {
  const named = waypointOf(mesh, resource);
  if (!named) return undefined;
  const { namespace, name, by, path, ingress } = named;
  const gateway = mesh.find('gateway-api/Gateway', namespace, name);
  const labels = { [gatewayNameLabel]: name };
  const unused = whyUnused(mesh, gateway, traffic, resource.namespace);
  const workloads = workloadsSelected(mesh, namespace, labels).filter(({ resource: { kind } }) => kind !== 'ReplicaSet');
  return {
    namespace,
    name,
    by: originOf(by, ...path),
    ...(gateway ? { gateway: originOf(gateway) } : {}),
    class: gateway ? classOf(gateway) : '',
    traffic: gateway ? trafficOf(mesh, gateway) : '',
    ...(unused ? { unused } : {}),
    ingress,
    workloads: workloads.toSorted(byName).map((workload) => ({ kind: workload.resource.kind, namespace: workload.namespace, name: workload.name })),
    policies: [
      ...policiesAt(mesh, namespace, labels),
      ...(traffic === 'service' ? policiesNaming(mesh, resource) : []),
      ...own.authorization.map(({ origin, action }): WaypointPolicy => ({ origin, action, attachedTo: 'workload' })),
    ],
  };
}

/** Those that name the waypoint, or the class of all waypoints. */
function policiesAt(mesh: Mesh, namespace: string, labels: Readonly<Record<string, string>>): WaypointPolicy[] {
  const found = attached.flatMap((kind) =>
    WorkloadPolicies.of(mesh, kind)
      .appliedTo({ namespace, labels })
      .map((policy) => placed(policy, targetsOf(policy).some(isClass) ? 'class' : 'waypoint')),
  );
  const { patches } = selectPatches(mesh, { ...namedProxy('gateway', namespace, ''), labels });
  return [...found, ...objectsOf(patches.map(({ origin }) => origin)).map((origin): WaypointPolicy => ({ origin, attachedTo: 'waypoint' }))];
}

function isClass({ kind, name }: ReturnType<typeof targetsOf>[number]): boolean {
  return kind === 'GatewayClass' && name === waypointClass;
}

const groups: Readonly<Record<string, readonly string[]>> = { Service: ['', 'core'], ServiceEntry: ['networking.istio.io'] };

/** Those that name the service. */
function policiesNaming(mesh: Mesh, { kind, namespace, name }: Resource): WaypointPolicy[] {
  const isIt = (target: ReturnType<typeof targetsOf>[number]): boolean =>
    target.kind === kind && target.name === name && (groups[kind] ?? []).includes(target.group ?? '') && (target.namespace || namespace) === namespace;
  return attached.flatMap((own) =>
    mesh
      .listIn(own, namespace)
      .filter((policy) => targetsOf(policy).some(isIt))
      .map((policy) => placed(policy, 'service')),
  );
}

function placed(policy: Resource, attachedTo: WaypointPolicy['attachedTo']): WaypointPolicy {
  const action = policy.kindName === 'AuthorizationPolicy' ? ((policy.spec as AuthorizationPolicy).action ?? 'ALLOW') : undefined;
  return { origin: originOf(policy), ...(action ? { action } : {}), attachedTo };
}

const takes: Readonly<Record<string, string>> = { service: 'what is for services', workload: 'what is for pods' };

/** @param of `service cart`, `pod cart-1` */
export function waypointProblems(waypoint: WaypointSection | undefined, of: string): Problem[] {
  if (!waypoint?.unused) return [];
  const { namespace, name, by, unused, traffic } = waypoint;
  const why = {
    missing: 'there is no such Gateway',
    class: `it is a Gateway of class ${waypoint.class || 'none'}, and waypoints are of class ${waypointClass}`,
    traffic: `it takes ${takes[traffic] ?? 'nothing'} (istio.io/waypoint-for: ${traffic})`,
    namespace: 'it takes nothing from other namespaces (allowedRoutes of its listeners)',
    'not-ready': 'none of its pods was ready so far',
  }[unused];
  const text = `${of} is to be reached through waypoint ${namespace}/${name}, and nothing goes through it: ${why}`;
  return [
    { severity: 'warning', code: 'waypoint-unused', text, about: by, help: 'requests go past it, and the policies that are attached to it are not asked' },
  ];
}

/** Rules for HTTP that nobody reads for clients in ambient mode. @param ambient the workloads are in it */
export function ambientProblems({ name, namespace, kind, ports, waypoint }: ServiceSection, ambient: boolean): Problem[] {
  if (!ambient || (waypoint && !waypoint.unused)) return [];
  const rules = objectsOf(ports.flatMap(({ clients }) => clients.http?.by ?? []));
  const [first] = rules;
  if (!first) return [];
  const text = `service ${name} has no waypoint: clients in ambient mode do not ask ${rules.map(nameOf).join(', ')}`;
  return [
    {
      severity: 'warning',
      code: 'no-waypoint',
      text,
      about: { kind, namespace, name, path: [] },
      help: 'label it, or its namespace, with istio.io/use-waypoint',
    },
  ];
}
