// What policies for requests come to at ports without HTTP (SEC-R29).
import type { AuthorizationCondition, AuthorizationRule } from '../ir/authorization.ts';
import type { FilterChain, Listener } from '../ir/listener.ts';
import type { RoutingTable } from '../ir/table.ts';
import type { Mesh } from '../model/mesh.ts';
import type { Workload } from '../model/workloads.ts';
import { routingTable, securityOf } from '../translate/table.ts';
import { sidecarOf } from '../translate/workload-identity.ts';
import type { Problem, ServiceSection } from './description.ts';
import { isSameObject } from './origins.ts';
import { portsOf } from './policies.ts';
import { nameOf } from './problems.ts';

/** Of the ports of services at their workloads, each once. */
export function tcpPolicyProblems(mesh: Mesh, workloads: readonly Workload[], services: readonly ServiceSection[]): Problem[] {
  const ports = [...new Set(services.flatMap((service) => service.ports.flatMap(({ targetPort }) => targetPort ?? [])))].sort((a, b) => a - b);
  const found = new Map<string, Problem>();
  for (const table of tablesOf(mesh, workloads)) {
    for (const port of ports.filter((one) => isTcp(table, one))) for (const problem of problemsAt(table, port)) found.set(problem.text, problem);
  }
  return [...found.values()];
}

/** One for each set of labels, which policies select by. */
function tablesOf(mesh: Mesh, workloads: readonly Workload[]): RoutingTable[] {
  const byLabels = new Map<string, Workload>();
  for (const workload of workloads) {
    const { 'pod-template-hash': _, ...labels } = workload.labels;
    byLabels.set(JSON.stringify([workload.namespace, Object.entries(labels).sort()]), workload);
  }
  const proxies = [...byLabels.values()].flatMap(({ namespace, name }) => sidecarOf(mesh, namespace, name) ?? []);
  return proxies.filter((proxy) => securityOf(mesh, proxy)?.authorization !== undefined).map((proxy) => routingTable(mesh, proxy));
}

/** Nothing at the port is HTTP. */
function isTcp({ listeners }: RoutingTable, port: number): boolean {
  const chains = listeners.filter(({ direction }) => direction === 'inbound').flatMap((listener) => chainsAt(listener, port));
  return chains.length > 0 && chains.every(({ filter }) => filter.kind === 'tcp');
}

function chainsAt(listener: Listener, port: number): FilterChain[] {
  const own = listener.name !== 'virtualInbound' && listener.port === port;
  return listener.chains.filter(({ match }) => match.destinationPort === port || (own && match.destinationPort === undefined));
}

function problemsAt({ security }: RoutingTable, port: number): Problem[] {
  const { http, tcp } = security?.authorization ?? {};
  if (!http || !tcp) return [];
  const counterpart = (rule: AuthorizationRule, of: readonly AuthorizationRule[]): AuthorizationRule | undefined => of.find(({ name }) => name === rule.name);
  const denied = http.deny.flatMap((rule): Problem[] => {
    const own = counterpart(rule, tcp.deny);
    if (!own || !mayBeAt(own, port) || JSON.stringify([own.permissions, own.principals]) === JSON.stringify([rule.permissions, rule.principals])) return [];
    const what = isEverything(own, port) ? 'denies every connection' : 'denies more than it says';
    const text = `rule ${indexOf(rule) + 1} of ${nameOf(rule.origin)} ${what} at TCP port ${port}: what it asks for is known of HTTP alone, and is not asked there`;
    return [{ severity: 'warning', code: 'denies-more-on-tcp', text, about: rule.origin }];
  });
  if (!http.allow || !tcp.allow || tcp.allow.some((rule) => mayBeAt(rule, port))) return denied;
  const lost = http.allow.filter((rule) => mayBeAt(rule, port) && !counterpart(rule, tcp.allow ?? []));
  const policies = lost.filter((rule, i) => lost.findIndex((other) => isSameObject(other.origin, rule.origin)) === i);
  const allowed = policies.map(({ origin }): Problem => {
    const text = `every connection at TCP port ${port} is denied: ${nameOf(origin)} allows by what is known of HTTP alone, and no other policy allows one`;
    return { severity: 'warning', code: 'allows-nothing-on-tcp', text, about: { ...origin, path: [] } };
  });
  return [...denied, ...allowed];
}

function indexOf({ origin }: AuthorizationRule): number {
  const last = origin.path.at(-1);
  return typeof last === 'number' ? last : 0;
}

/** It is for the port, and matches something. */
function mayBeAt({ permissions, principals }: AuthorizationRule, port: number): boolean {
  return permissions.some((one) => one.kind !== 'never' && (portsOf(one)?.includes(port) ?? true)) && principals.some(({ kind }) => kind !== 'never');
}

function isEverything({ permissions, principals }: AuthorizationRule, port: number): boolean {
  return permissions.some((one) => takesAll(one, port)) && principals.some((one) => takesAll(one, port));
}

function takesAll(condition: AuthorizationCondition, port: number): boolean {
  switch (condition.kind) {
    case 'any':
      return true;
    case 'all':
      return condition.of.every((one) => takesAll(one, port));
    case 'some':
      return condition.of.some((one) => takesAll(one, port));
    case 'destination-port':
      return condition.port === port;
    default:
      return false;
  }
}
