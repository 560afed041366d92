import { type Context, defineAnalyzer, type ReportExtra } from '../src/analysis/analyzer.ts';
import { meant } from '../src/analysis/meant.ts';
import { message } from '../src/analysis/message.ts';
import { namedElsewhere } from '../src/analysis/named-elsewhere.ts';
import { unknownHost } from '../src/analysis/unknown-host.ts';
import { names } from '../src/analysis/wording.ts';
import { nearest } from '../src/manifest/nearest.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { allowsHostnames, allowsKind, allowsNamespace, namespacesFrom } from '../src/model/allowed-routes.ts';
import {
  findNamed,
  gatewayGroup,
  hostnamesOf,
  isGatewayRef,
  isServiceRef,
  type Listener,
  listenersOf,
  type ParentReference,
  parentRefs,
  type Route,
  routeKinds,
  routesOf,
} from '../src/model/gateway-api.ts';
import { clusterDomain } from '../src/model/hosts.ts';
import type { Service } from '../src/model/kubernetes.ts';
import { items } from '../src/model/untyped.ts';

const WFT1016 = message<{ parent: string; problem: string }>({
  name: 'GatewayApiParentMissing',
  level: 'Error',
  summary: 'a route cannot attach to the gateway or service that it names as its parent',
  text: ({ parent, problem }) => `this route does not attach to ${parent}: ${problem}`,
  effect: 'by this reference no request gets what the route says',
  aliases: ['KIA1401'],
});

const messages = { WFT1016 };
type Own = Context<typeof messages>;

interface Found {
  problem: string;
  /** Where it is, when not the reference as a whole. */
  path?: Path;
  extra?: ReportExtra;
}

/** The references `parentRefs` of the Gateway API, and what listeners allow (Gateway.spec.listeners[].allowedRoutes and hostname). */
export default defineAnalyzer({
  name: 'weft.GatewayApiParentAnalyzer',
  summary: 'routes of the Gateway API attach to their parents',
  reads: [...routeKinds, 'gateway-api/Gateway', 'Service', 'ServiceEntry', 'Namespace'],
  preset: 'recommended',
  messages,
  check(context) {
    for (const route of routesOf(context.mesh)) {
      for (const ref of parentRefs(route)) {
        const found = problemOf(context, route, ref);
        if (!found) continue;
        const parent = `${ref.kind} ${ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}`}`;
        context.report('WFT1016', route, found.path ?? ref.path, { parent, problem: found.problem }, found.extra);
      }
    }
  },
});

function problemOf(context: Own, route: Route, ref: ParentReference): Found | undefined {
  if (isGatewayRef(ref)) return gatewayProblem(context, route, ref);
  if (isServiceRef(ref)) return serviceProblem(context, ref);
  if (ref.group === gatewayGroup && ref.kind === 'Service') {
    return { problem: `without a group it is a kind of ${gatewayGroup}, which has no Service`, extra: { help: 'write group: "" beside kind: Service' } };
  }
  if (ref.group !== 'networking.istio.io' || ref.kind !== 'ServiceEntry' || findNamed(context.mesh, 'ServiceEntry', ref) || !context.knows('ServiceEntry'))
    return undefined;
  return missing(context, 'ServiceEntry', ref);
}

function missing({ mesh }: Own, kind: 'gateway-api/Gateway' | 'Service' | 'ServiceEntry', { namespace, name, path }: ParentReference): Found {
  const problem = `${namespace === '' ? 'there is' : `namespace "${namespace}" has`} no ${kind === 'gateway-api/Gateway' ? 'Gateway' : kind} of this name`;
  return { problem, path: [...path, 'name'], extra: namedElsewhere(mesh, kind, namespace, name, path) };
}

function serviceProblem(context: Own, ref: ParentReference): Found | undefined {
  const { namespace, name, path, port } = ref;
  const service = findNamed(context.mesh, 'Service', ref);
  if (!service) return unknownHost(context, namespace, `${name}.${namespace}.${clusterDomain}`, path) && missing(context, 'Service', ref);
  const ports = portsOf(service);
  if (port === undefined || ports.length === 0 || ports.includes(port)) return undefined;
  return {
    problem: `the Service has no port ${port}`,
    path: [...path, 'port'],
    extra: { help: `it has: ${names(ports.map(String), ', ')}`, related: [{ resource: service, path: ['spec', 'ports'], text: 'the ports of the Service' }] },
  };
}

function portsOf({ spec }: Service): number[] {
  return items(spec.ports).flatMap(({ port }) => (typeof port === 'number' ? [port] : []));
}

function gatewayProblem(context: Own, route: Route, ref: ParentReference): Found | undefined {
  const { mesh, knows } = context;
  const gateway = findNamed(mesh, 'gateway-api/Gateway', ref);
  if (!gateway) return knows('gateway-api/Gateway') ? missing(context, 'gateway-api/Gateway', ref) : undefined;
  const listeners = listenersOf(gateway);
  if (listeners.length === 0) return undefined;
  const named = listeners.filter(({ name }) => ref.sectionName === '' || name === ref.sectionName);
  const chosen = named.filter(({ port }) => ref.port === undefined || port === ref.port);
  if (chosen.length === 0) return sectionProblem(gateway, listeners, named, ref);
  // The listener that comes nearest to taking the route shows what is wrong.
  const open = chosen.filter((listener) => allowsNamespace(mesh, listener, gateway.namespace, route.namespace));
  if (open.length === 0) return namespaceProblem(gateway, chosen[0] as Listener, route, ref);
  const fit = open.filter((listener) => allowsKind(listener, route));
  if (fit.length === 0) return kindProblem(gateway, open[0] as Listener, route, ref);
  if (fit.some((listener) => allowsHostnames(listener, hostnamesOf(route)))) return undefined;
  return hostnameProblem(gateway, fit, hostnamesOf(route));
}

function sectionProblem(gateway: Resource, listeners: readonly Listener[], named: readonly Listener[], { sectionName, port, path }: ParentReference): Found {
  const related = [{ resource: gateway, path: ['spec', 'listeners'], text: 'the listeners of the Gateway' }];
  if (named.length === 0) {
    const known = listeners.map(({ name }) => name).filter((name) => name !== '');
    const at = [...path, 'sectionName'];
    const extra = { help: `it has: ${names(known, ', ')}`, ...meant(nearest(sectionName, known), at), related };
    return { problem: `it has no listener "${sectionName}"`, path: at, extra };
  }
  const of = sectionName === '' ? 'it has no listener' : `its listener "${sectionName}" is not`;
  return {
    problem: `${of} on port ${port}`,
    path: [...path, 'port'],
    extra: {
      help: `the ${sectionName === '' ? 'ports are' : 'port is'}: ${names(
        named.map((l) => String(l.port)),
        ', ',
      )}`,
      related,
    },
  };
}

function namespaceProblem(gateway: Resource, listener: Listener, route: Route, { path }: ParentReference): Found {
  const from = namespacesFrom(listener);
  const takes =
    from === 'Same'
      ? 'only takes routes of its own namespace'
      : from === 'None'
        ? 'takes no routes'
        : 'takes routes of namespaces with labels that this one does not have';
  return {
    problem: `listener "${listener.name}" ${takes}, and the route is in "${route.namespace}" (allowedRoutes.namespaces.from: ${from})`,
    path,
    extra: {
      help: 'set allowedRoutes.namespaces of the listener to from: All, or to from: Selector with labels of this namespace, or move the route',
      related: [{ resource: gateway, path: listener.path, text: 'the listener' }],
    },
  };
}

function kindProblem(gateway: Resource, listener: Listener, route: Route, { path }: ParentReference): Found {
  const related = [{ resource: gateway, path: [...listener.path, 'protocol'], text: 'the listener' }];
  return { problem: `listener "${listener.name}" (${listener.protocol}) takes no routes of the kind ${route.kind}`, path, extra: { related } };
}

function hostnameProblem(gateway: Resource, listeners: readonly Listener[], hostnames: readonly string[]): Found {
  const related = listeners
    .slice(0, 3)
    .map(({ path, name }) => ({ resource: gateway, path: [...path, 'hostname'], text: `the host name of listener "${name}"` }));
  return {
    problem: `no host name of the route (${names(hostnames, ', ')}) is one of its listeners (${names([...new Set(listeners.map((l) => l.hostname))], ', ')})`,
    path: ['spec', 'hostnames'],
    extra: { help: 'a host name has to be the same as that of a listener, or one of them a wildcard (*.example.com) over the other', related },
  };
}
