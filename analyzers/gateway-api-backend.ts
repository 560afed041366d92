import { type Context, defineAnalyzer, type ReportExtra } from '../src/analysis/analyzer.ts';
import { message } from '../src/analysis/message.ts';
import { namedElsewhere } from '../src/analysis/named-elsewhere.ts';
import { unknownHost } from '../src/analysis/unknown-host.ts';
import { names } from '../src/analysis/wording.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { type BackendReference, backendRefs, findNamed, isServiceRef, type Route, routeKinds, routesOf } from '../src/model/gateway-api.ts';
import { clusterDomain } from '../src/model/hosts.ts';
import { items } from '../src/model/untyped.ts';

const WFT1017 = message<{ problem: string }>({
  name: 'GatewayApiBackendMissing',
  level: 'Error',
  summary: 'a route of the Gateway API sends to a service, or to a port of it, that does not exist',
  text: ({ problem }) => problem,
  aliases: ['KIA1402'],
});

const messages = { WFT1017 };
type Own = Context<typeof messages>;

interface Found {
  problem: string;
  path: Path;
  extra?: ReportExtra;
}

/** The references `backendRefs` and `requestMirror` of the Gateway API (SEL-R83). */
export default defineAnalyzer({
  name: 'weft.GatewayApiBackendAnalyzer',
  summary: 'services and ports that routes of the Gateway API send to exist',
  reads: [...routeKinds, 'Service', 'ServiceEntry'],
  preset: 'recommended',
  messages,
  check(context) {
    for (const route of routesOf(context.mesh)) {
      for (const ref of backendRefs(route)) {
        const found = problemOf(context, route, ref);
        if (found) context.report('WFT1017', route, found.path, { problem: found.problem }, { effect: effectOf(route, ref), ...found.extra });
      }
    }
  },
});

function problemOf(context: Own, route: Route, ref: BackendReference): Found | undefined {
  if (ref.group === 'networking.istio.io' && ref.kind === 'Hostname') return hostProblem(context, route, ref);
  return isServiceRef(ref) ? serviceProblem(context, ref) : undefined;
}

function serviceProblem(context: Own, ref: BackendReference): Found | undefined {
  const { mesh } = context;
  const { namespace, name, path, port } = ref;
  if (name.includes('.')) return hostAsName(ref);
  const service = findNamed(mesh, 'Service', ref);
  if (service) {
    const ports = items(service.spec.ports).flatMap((p) => (typeof p.port === 'number' ? [p.port] : []));
    return portProblem(`Service ${service.fullName}`, service, ports, port, path);
  }
  if (!unknownHost(context, namespace, `${name}.${namespace}.${clusterDomain}`, path)) return undefined;
  const problem = `Service "${name}" does not exist${namespace === '' ? '' : ` in namespace "${namespace}"`}`;
  return { problem, path: [...path, 'name'], extra: namedElsewhere(mesh, 'Service', namespace, name, path) };
}

function portProblem(what: string, resource: Resource, ports: readonly number[], port: number | undefined, path: Path): Found | undefined {
  if (port === undefined || ports.length === 0 || ports.includes(port)) return undefined;
  const related = [{ resource, path: ['spec', 'ports'], text: `the ports of ${what}` }];
  return { problem: `${what} has no port ${port}`, path: [...path, 'port'], extra: { help: `it has: ${names(ports.map(String), ', ')}`, related } };
}

/** Names of Services have no dots: someone wrote the host that a VirtualService would name. */
function hostAsName({ name, namespace, path }: BackendReference): Found {
  const [service, other = namespace] = name.split('.');
  const help = other === namespace ? `write name: ${service}` : `write name: ${service} and namespace: ${other}`;
  const fix = other === namespace && service ? { title: `write ${service}`, path: [...path, 'name'], target: 'value' as const, text: service } : undefined;
  return { problem: `"${name}" is a host name, and a backend is named by the name of its Service`, path: [...path, 'name'], extra: { help, fix } };
}

/** Istio's own kind of backend: a host of any Service or ServiceEntry. */
function hostProblem(context: Own, route: Route, { name, path, port }: BackendReference): Found | undefined {
  const entry = context.mesh.hosts.lookup(route.namespace, undefined, name);
  if (entry)
    return portProblem(
      entry.host,
      entry.resource,
      entry.ports.map((p) => p.number),
      port,
      path,
    );
  const at = [...path, 'name'];
  const unknown = unknownHost(context, route.namespace, name, at);
  return unknown && { problem: `host "${name}" does not exist`, path: at, extra: unknown };
}

function effectOf(route: Route, { mirror, weight }: BackendReference): string {
  if (mirror) return 'the copies of requests are lost';
  if (weight === 0) return 'nothing yet, because its weight is 0';
  return route.kind === 'HTTPRoute' || route.kind === 'GRPCRoute'
    ? 'its share of the requests gets 500: the proxy has no such cluster'
    : 'its share of the connections is closed: the proxy has no such cluster';
}
