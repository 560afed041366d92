// What of a description is wrong, in sentences.
import type { Origin, Status } from '../ir/table.ts';
import type { Fact } from '../simulate/simulation.ts';
import type { Caller } from './caller.ts';
import type {
  ClientSection,
  DestinationSection,
  HostSection,
  IngressSection,
  MtlsSection,
  PolicySection,
  Problem,
  ServicePortSection,
  ServiceSection,
} from './description.ts';
import { isSameObject, originKey } from './origins.ts';

const severities: readonly Problem['severity'][] = ['error', 'warning', 'info'];

/** What is said of one destination holds for every name that leads to it. */
const ofPlaces: ReadonlySet<string> = new Set(['unknown-host', 'unknown-port', 'unknown-subset', 'no-endpoints', 'no-usable-endpoints', 'unreachable-route']);

/** Each once, worst first. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const found = new Map<string, Problem>();
  for (const problem of problems) {
    const { code, text, about } = problem;
    const key = about && about.path.length > 0 && ofPlaces.has(code) ? `${code} ${JSON.stringify(about)}` : `${code} ${text}`;
    if (!found.has(key)) found.set(key, problem);
  }
  return [...found.values()].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}

/** @param mtls of the workload; undefined: not known */
export function serviceProblems(service: ServiceSection, mtls: readonly MtlsSection[], isPod: boolean): Problem[] {
  return service.ports.flatMap((port) => [
    ...[port.clients, ...port.others].flatMap((client, i) => clientProblems(service, port, client, i === 0, mtls)),
    ...subsetProblems(port, isPod),
  ]);
}

function clientProblems(service: ServiceSection, port: ServicePortSection, client: ClientSection, own: boolean, mtls: readonly MtlsSection[]): Problem[] {
  const who = own ? '' : client.from.namespace === '' ? 'for clients in other namespaces: ' : `for clients in namespace ${client.from.namespace}: `;
  const at = `${service.name}:${port.port}`;
  const found: Problem[] = [];
  if (client.unreachable && (own || client.unreachable !== 'unknown')) found.push(unreachable(service, at, who, client));
  for (const host of [...(client.http ? [client.http] : []), ...client.otherHosts]) found.push(...hostProblems(host, who));
  for (const to of client.tcp?.destinations ?? []) found.push(...destinationProblems(to, `${who}connections to ${at}`));
  for (const { origin, what, why, by } of client.destinationRule?.lost ?? []) {
    const text = `${who}${what} of ${nameOf(origin)} is not used${by ? `: ${nameOf(by)} is` : ''} (${why})`;
    found.push({ severity: what === 'the whole rule' ? 'info' : 'warning', code: 'destination-rule-lost', text, about: origin });
  }
  found.push(...mtlsProblems(port, client, who, at, mtls));
  return own ? [...found, ...emptySubsets(client, at)] : found;
}

/** Subsets without endpoints to which nothing is sent: to which something is, that is said of the route. */
function emptySubsets({ clusters, destinationRule, http, otherHosts, tcp }: ClientSection, at: string): Problem[] {
  const routes = [http, ...otherHosts].flatMap((host) => host?.routes ?? []);
  const used = new Set([...routes.flatMap(({ destinations, mirrors }) => [...destinations, ...mirrors]), ...(tcp?.destinations ?? [])].map((to) => to.subset));
  return clusters.flatMap(({ subset, failure }): Problem[] => {
    if (subset === '' || failure !== 'no-endpoints' || used.has(subset)) return [];
    const about = destinationRule?.subsets.find(({ name }) => name === subset)?.origin;
    return [{ severity: 'warning', code: 'empty-subset', text: `subset ${subset} of ${at} has no endpoints`, ...(about ? { about } : {}) }];
  });
}

const reasons: Readonly<Record<NonNullable<ClientSection['unreachable']>, string>> = {
  'no-listener': 'nothing listens there',
  'no-filter-chain': 'no filter chain takes the connection, and it is closed',
  blocked: 'it is no host that they know, and others are forbidden (REGISTRY_ONLY)',
  'no-route': 'no virtual host is for it, and it is answered with 404',
  unknown: 'it is no host that they know: it is not exported to them, or a Sidecar leaves it out',
  'other-service': 'another service has the name',
};

function unreachable(service: ServiceSection, at: string, who: string, { unreachable: why = 'unknown' }: ClientSection): Problem {
  const about: Origin = { kind: service.kind, namespace: service.namespace, name: service.name, path: [] };
  return {
    severity: why === 'unknown' ? 'warning' : 'error',
    code: 'unreachable',
    text: `${who}what is sent to ${at} does not come here: ${reasons[why]}`,
    about,
  };
}

export function hostProblems(host: HostSection, who: string): Problem[] {
  const found: Problem[] = [];
  for (const route of host.routes) {
    const name = `${who}route ${route.index + 1}${route.name === '' ? '' : ` (${route.name})`} of ${host.name}`;
    if (route.shadowedBy) {
      const by = route.shadowedBy.map((index) => index + 1).join(', ');
      const about = route.origin;
      found.push({
        severity: 'warning',
        code: 'unreachable-route',
        text: `${name} is never reached: route ${by} takes its requests`,
        ...(about ? { about } : {}),
      });
      continue;
    }
    for (const to of route.destinations) found.push(...destinationProblems(to, name));
    for (const to of route.mirrors) found.push(...destinationProblems(to, `${name}, mirrored`, 'warning'));
  }
  return found;
}

function destinationProblems(to: DestinationSection, what: string, severity: Problem['severity'] = 'error'): Problem[] {
  const { failure, percent, subset, host, port, source } = to;
  if (!failure || percent === 0) return [];
  const share = percent < 100 ? `${Number(percent.toFixed(2))}% of its requests go` : 'it goes';
  const where = {
    'unknown-host': `to ${host}, which no service of the mesh has`,
    'unknown-port': `to port ${port} of ${host}, which has no such port`,
    'unknown-subset': `to subset ${subset} of ${host}, which no DestinationRule defines`,
    'no-endpoints': `to ${subset === '' ? host : `subset ${subset} of ${host}`}, which has no endpoints`,
    'no-usable-endpoints': `to ${subset === '' ? host : `subset ${subset} of ${host}`}, which has no healthy endpoints`,
  }[failure];
  return [{ severity, code: failure, text: `${what}: ${share} ${where}`, ...aboutOf(source) }];
}

function aboutOf(source: Fact<unknown>['source']): Pick<Problem, 'about'> {
  return source.kind === 'written' ? { about: source.origin } : {};
}

/** What clients send, and what the workload takes. */
function mtlsProblems(port: ServicePortSection, client: ClientSection, who: string, at: string, mtls: readonly MtlsSection[]): Problem[] {
  const found: Problem[] = [];
  for (const section of mtls) {
    const named = section.ports.find((one) => one.port === port.targetPort);
    const { mode, policy } = named ?? section;
    for (const { subset, facts } of client.clusters) {
      const { value, source } = facts.tls;
      const plain = value.mode === 'disable' || value.mode === 'simple' || value.mode === 'mutual';
      const fails = (mode === 'STRICT' && plain) || (mode === 'DISABLE' && value.mode === 'istio-mutual');
      if (!fails) continue;
      const sends = value.mode === 'disable' ? 'plain text' : value.mode === 'istio-mutual' ? 'mTLS' : `TLS of their own (${value.mode.toUpperCase()})`;
      const takes = mode === 'STRICT' ? 'mTLS only' : 'plain text only';
      const to = subset === '' ? at : `subset ${subset} of ${at}`;
      const says = policy ? ` (${nameOf(policy)})` : '';
      found.push({ severity: 'error', code: 'mtls-conflict', text: `${who}clients send ${sends} to ${to}, and it takes ${takes}${says}`, ...aboutOf(source) });
    }
  }
  return found;
}

/** Of a workload that no route leads to, though others are led to. */
function subsetProblems(port: ServicePortSection, isPod: boolean): Problem[] {
  const { http, destinationRule } = port.clients;
  const found: Problem[] = [];
  if (isPod && destinationRule && destinationRule.subsets.length > 0 && !destinationRule.subsets.some(({ matches }) => matches)) {
    const names = destinationRule.subsets.map(({ name }) => name).join(', ');
    const about = destinationRule.subsets[0]?.origin;
    const text = `the pod is in no subset of ${nameOf(destinationRule.rules[0]?.origin)}: it has ${names}`;
    found.push({ severity: 'warning', code: 'no-matching-subset', text, ...(about ? { about } : {}) });
  }
  if (
    http &&
    http.by.length > 0 &&
    http.routes.some(({ destinations }) => destinations.length > 0) &&
    !http.routes.some((route) => route.reaches && !route.shadowedBy)
  ) {
    const text = `no route of ${http.by.map(nameOf).join(', ')} leads ${isPod ? 'to this pod' : 'to this service'} at port ${port.port} (${http.routes.length} looked at)`;
    found.push({ severity: 'warning', code: 'no-route-here', text, ...(http.by[0] ? { about: http.by[0] } : {}) });
  }
  return found;
}

export function policyProblems({ authorization }: PolicySection): Problem[] {
  return authorization
    .filter(({ action, rules, dryRun }) => action === 'ALLOW' && rules === 0 && !dryRun)
    .map(
      ({ origin }): Problem => ({
        severity: 'warning',
        code: 'denies-all',
        text: `${nameOf(origin)} allows nothing: every request that no other policy allows is denied`,
        about: origin,
      }),
    );
}

/** Problems of tables that are about what takes part here. */
export function statusProblems(callers: readonly Caller[], services: readonly ServiceSection[], ingress: IngressSection): Problem[] {
  const rules = new Set<string>();
  const objects = new Set<string>(services.map(({ kind, namespace, name }) => originKey({ kind, namespace, name, path: [] })));
  const failures: Origin[] = [];
  const addHost = (host: HostSection | undefined): void => {
    for (const by of host?.by ?? []) objects.add(originKey(by));
    for (const { origin, destinations, mirrors } of host?.routes ?? []) {
      if (origin) rules.add(ruleKey(origin));
      for (const { failure, source } of [...destinations, ...mirrors]) if (failure && source.kind === 'written') failures.push(source.origin);
    }
  };
  for (const { clients, others } of services.flatMap(({ ports }) => ports)) {
    for (const client of [clients, ...others]) {
      for (const host of [client.http, ...client.otherHosts]) addHost(host);
      for (const { origin } of client.destinationRule?.rules ?? []) objects.add(originKey(origin));
    }
  }
  for (const { host } of ingress.paths) addHost(host);
  const found: Problem[] = [];
  for (const { table } of callers) {
    for (const status of table.statuses) if (isAbout(status, objects, rules) && !isSaid(status, failures)) found.push(problemOf(status));
  }
  return found;
}

/** `spec.http[2]` of an object. */
function ruleKey(origin: Origin): string {
  return `${originKey(origin)} ${origin.path.slice(0, 3).join('.')}`;
}

function isAbout({ origin }: Status, objects: ReadonlySet<string>, rules: ReadonlySet<string>): boolean {
  return origin.path.length < 3 || !isRule(origin) ? objects.has(originKey(origin)) : rules.has(ruleKey(origin));
}

function isRule({ path: [, list] }: Origin): boolean {
  return list === 'http' || list === 'tls' || list === 'tcp' || list === 'rules';
}

/** What became of it is told of the destination. */
function isSaid({ origin, reason }: Status, failures: readonly Origin[]): boolean {
  return reason.startsWith('unknown-') && failures.some((failure) => isSameObject(failure, origin) && ruleKey(failure) === ruleKey(origin));
}

function problemOf({ origin, reason, message }: Status): Problem {
  return { severity: 'warning', code: reason, text: `${nameOf(origin)}: ${message}`, about: origin };
}

export function nameOf(origin: Origin | undefined): string {
  return origin ? `${origin.kind.replace('gateway-api/', '')} ${origin.namespace}/${origin.name}` : '';
}
