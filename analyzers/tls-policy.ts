import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import { message } from '../src/analysis/message.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { sidecarTakes } from '../src/model/capture.ts';
import { DestinationRules, mergeRules, type Rule, scopesOfRule } from '../src/model/destination-rules.ts';
import { toFqdn } from '../src/model/hosts.ts';
import type { Service, ServicePort } from '../src/model/kubernetes.ts';
import type { Mesh } from '../src/model/mesh.ts';
import { type AcceptedMtls, PeerPolicies } from '../src/model/peer-authentication.ts';
import { protocolOf } from '../src/model/protocols.ts';
import { workloadsSelected } from '../src/model/selection.ts';
import { matchesLabels } from '../src/model/selectors.ts';
import { targetPortOf } from '../src/model/service-ports.ts';
import { items } from '../src/model/untyped.ts';
import { isSeenIn } from '../src/model/visibility.ts';
import { byName, type Workload } from '../src/model/workloads.ts';
import { type ClientTls, clientTls } from '../src/translate/client-tls.ts';

/** One port of one workload that refuses what its clients send. */
interface Refusal {
  /** Absent where nothing is said, and mTLS is not automatic. */
  tls: ClientTls | undefined;
  accepted: AcceptedMtls;
  host: string;
  port: ServicePort;
  workload: Workload;
  /** Namespace of the clients, where it is not the service's own. */
  clients: string | undefined;
}

const WFT1013 = message<Refusal & { more: number }>({
  name: 'TlsPolicyConflict',
  level: 'Error',
  summary: 'clients are told to send what the workloads of a service refuse: mTLS, or anything else',
  text: ({ tls, accepted, host, port, workload, clients, more }) => {
    const from = clients === undefined ? '' : ` from clients in namespace "${clients}"`;
    const to = `port ${port.port} of ${host}${more === 0 ? '' : ` (and of ${more} more)`}${from}`;
    const policy = accepted.policy ? `PeerAuthentication ${accepted.policy.fullName}` : 'the default';
    const refuses = `workload "${workload.name}" takes ${accepted.mode === 'STRICT' ? 'mTLS only' : 'plaintext only'} there (${policy}: ${accepted.mode})`;
    return tls
      ? `TLS mode ${tls.mode} ${sends[tls.mode] ?? 'is not mTLS of the mesh'} to ${to}, and ${refuses}`
      : `nothing makes clients use mTLS to ${to}, and ${refuses}`;
  },
  help: ({ tls, accepted }) => {
    if (accepted.mode === 'DISABLE')
      return 'take the tls block out, so that mTLS is used where workloads take it, or let the workloads take mTLS (mode PERMISSIVE or STRICT)';
    if (!tls) return 'add a DestinationRule with tls mode ISTIO_MUTUAL, or set enableAutoMtls in the mesh configuration';
    return 'take the tls block out (mTLS is automatic then) or use ISTIO_MUTUAL, or let the port take plaintext (portLevelMtls with mode PERMISSIVE)';
  },
  effect: ({ port }) =>
    isTcp(port) ? 'these connections are closed before anything is sent' : 'these requests get 503 (response flag UF: the workload closes the connection)',
  aliases: ['KIA0204', 'KIA0205', 'KIA0206', 'KIA0207', 'KIA0208', 'KIA0401', 'KIA0501', 'KIA0505', 'KIA0506'],
});

const messages = { WFT1013 };
const sends: Readonly<Record<string, string>> = {
  DISABLE: 'sends plaintext',
  SIMPLE: 'shows no certificate of the client',
  MUTUAL: 'shows a certificate of its own',
  ISTIO_MUTUAL: 'starts mTLS',
};

/**
 * Compares what clients send (DR-R1, DR-R10, DR-R11, DR-R71) with what sidecars accept (SEC-R3, SEC-R4, SEC-R10). Only what is certain:
 * services with workloads that have sidecars, rules that apply to all clients of a namespace, policies that are not in competition.
 */
export default defineAnalyzer({
  name: 'weft.TlsPolicyAnalyzer',
  summary: 'clients use mTLS where workloads ask for it, and not where workloads refuse it',
  reads: ['PeerAuthentication', 'DestinationRule', 'Service', 'Pod', 'Namespace', 'Sidecar', 'MeshConfig'],
  preset: 'recommended',
  messages,
  check(context) {
    const { mesh } = context;
    // Without a policy everything is accepted.
    if (mesh.list('PeerAuthentication').length === 0) return;
    const found = new Refusals();
    const targets = mesh
      .list('Service')
      .flatMap((service) => destinationOf(mesh, service) ?? [])
      .sort((a, b) => (a.host < b.host ? -1 : 1));
    for (const target of targets) {
      for (const { clients, rules } of viewsOf(mesh, target)) found.add(refusalsOf(mesh, target, rules, clients));
    }
    const wildcards = wildcardsForOthers(mesh);
    if (wildcards.length > 0) {
      const refusing = new RefusingServices(mesh, targets);
      for (const rule of wildcards) found.add(firstRefusal(mesh, rule, refusing));
    }
    found.report(context);
  },
});

interface Destination {
  service: Service;
  host: string;
  ports: ServicePort[];
  workloads: readonly Workload[];
}

/** A service whose pods the input shows. */
function destinationOf(mesh: Mesh, service: Service): Destination | undefined {
  const { selector, type, ports } = service.spec;
  if (type === 'ExternalName' || !selector || Object.keys(selector).length === 0) return undefined;
  const workloads = workloadsSelected(mesh, service.namespace, selector).toSorted(byName);
  if (workloads.length === 0) return undefined;
  return { service, host: toFqdn(service.namespace, service.name), ports: items(ports).filter(({ protocol }) => protocol !== 'UDP'), workloads };
}

/** What a workload accepts on the port that a port of its service goes to; undefined where the input does not tell. */
function acceptedOn(mesh: Mesh, { spec, namespace, labels }: Workload, port: ServicePort): (AcceptedMtls & { at: number }) | undefined {
  const at = targetPortOf(port, spec);
  const accepted = at === undefined ? undefined : PeerPolicies.of(mesh).acceptedAt({ namespace, labels }, at);
  return accepted && at !== undefined ? { ...accepted, at } : undefined;
}

interface View {
  clients: string | undefined;
  rules: readonly Rule[];
}

/** The rules for a service that clients of its own namespace have, and those of namespaces with a rule of their own for it (DR-R1). */
function viewsOf(mesh: Mesh, { service: { namespace }, host }: Destination): View[] {
  const index = DestinationRules.of(mesh);
  const own = index.inNamespace(namespace, host);
  const ofRoot = index
    .inNamespace(mesh.rootNamespace, host)
    .filter((rule) => isSeenIn(scopesOfRule(rule, mesh.meshConfig.defaultDestinationRuleExportTo), namespace));
  const views: View[] = [{ clients: undefined, rules: own.length > 0 ? own : ofRoot }];
  for (const clients of index.namespacesOf(host)) {
    if (clients !== namespace && clients !== mesh.rootNamespace) views.push({ clients, rules: index.inNamespace(clients, host) });
  }
  return views;
}

function* refusalsOf(mesh: Mesh, target: Destination, rules: readonly Rule[], clients: string | undefined): Generator<Refusal> {
  const { host, ports, workloads } = target;
  const merged = mergeRules(rules);
  if (!merged) return;
  for (const port of ports) {
    const whole = clientTls(merged, port.port, undefined);
    const refused = (tls: ClientTls | undefined, labels: Readonly<Record<string, string>> | undefined): Refusal[] => {
      if (!tls && mesh.meshConfig.enableAutoMtls !== false) return [];
      for (const workload of workloads) {
        if (!matchesLabels(labels, workload.labels)) continue;
        const accepted = acceptedOn(mesh, workload, port);
        if (accepted && refuses(tls, accepted) && sidecarTakes(mesh, workload, accepted.at)) return [{ tls, accepted, host, port, workload, clients }];
      }
      return [];
    };
    yield* refused(whole, undefined);
    for (const [i, { subset }] of merged.subsets.entries()) {
      const tls = clientTls(merged, port.port, i);
      // What a subset has from the whole service was said there.
      if (tls && tls.path.join() !== whole?.path.join()) yield* refused(tls, subset.labels);
    }
  }
}

/** Where certificates of the mesh are, for what reads them from files. */
const meshCertificate = /istio|^\/etc\/certs\//;

/** @param tls absent where clients send plaintext, because mTLS is not automatic */
function refuses(tls: ClientTls | undefined, { mode: accepted }: AcceptedMtls): boolean {
  const sent = tls?.mode ?? 'DISABLE';
  if (accepted === 'DISABLE') return sent === 'ISTIO_MUTUAL';
  if (accepted !== 'STRICT') return false;
  return sent === 'MUTUAL' ? !meshCertificate.test(tls?.settings.clientCertificate ?? '') : sent !== 'ISTIO_MUTUAL';
}

/** Rules for many hosts with TLS, which clients of a namespace have for services of others; the root namespace's are in every view. */
function wildcardsForOthers(mesh: Mesh): Rule[] {
  return mesh.list('DestinationRule').filter((rule) => rule.spec.host?.startsWith('*') && rule.namespace !== mesh.rootNamespace && tlsModes(rule).length > 0);
}

function tlsModes({ spec: { trafficPolicy } }: Rule): string[] {
  const blocks = [trafficPolicy?.tls, ...(trafficPolicy?.portLevelSettings ?? []).map((entry) => entry?.tls)];
  return blocks.flatMap((tls) => (tls ? [tls.mode ?? 'DISABLE'] : []));
}

/** Services with a port that takes mTLS only, and with one that takes plaintext only. */
class RefusingServices {
  private readonly byMode: ReadonlyMap<string, { target: Destination }[]>;
  private readonly bySuffix = new Map<string, Destination[]>();

  constructor(mesh: Mesh, targets: readonly Destination[]) {
    const pairs = targets.flatMap((target) => {
      const modes = target.ports.flatMap((port) => target.workloads.map((workload) => acceptedOn(mesh, workload, port)?.mode ?? ''));
      return [...new Set(modes)].map((mode) => ({ mode, target }));
    });
    this.byMode = Map.groupBy(pairs, ({ mode }) => mode);
  }

  under(mode: 'STRICT' | 'DISABLE', suffix: string): readonly Destination[] {
    const key = `${mode} ${suffix}`;
    let found = this.bySuffix.get(key);
    if (!found) {
      found = (this.byMode.get(mode) ?? []).flatMap(({ target }) => (target.host.endsWith(suffix) ? [target] : []));
      this.bySuffix.set(key, found);
    }
    return found;
  }
}

/** One is enough: the rule is wrong whatever host it is wrong for. */
function* firstRefusal(mesh: Mesh, rule: Rule, refusing: RefusingServices): Generator<Refusal> {
  const suffix = (rule.spec.host ?? '').slice(1).toLowerCase();
  for (const mode of new Set(tlsModes(rule).map((sent) => (sent === 'ISTIO_MUTUAL' ? 'DISABLE' : 'STRICT')))) {
    for (const target of refusing.under(mode, suffix)) {
      const rules = DestinationRules.of(mesh).inNamespace(rule.namespace, target.host);
      if (target.service.namespace === rule.namespace || !rules.includes(rule)) continue;
      const [first] = refusalsOf(mesh, target, rules, rule.namespace);
      if (!first) continue;
      yield first;
      return;
    }
  }
}

/** Refusals by what causes them: one finding for each tls block. */
class Refusals {
  private readonly byCause = new Map<string, { resource: Resource; path: Path; first: Refusal; hosts: Set<string> }>();

  add(refusals: Iterable<Refusal>): void {
    for (const refusal of refusals) {
      const { tls, accepted, host } = refusal;
      const [resource, path] = tls ? [tls.rule, tls.settings.mode === undefined ? tls.path : [...tls.path, 'mode']] : [accepted.policy, accepted.path];
      if (!resource || !path) continue;
      const key = `${resource.friendlyName} ${path.join('.')} ${accepted.mode}`;
      const found = this.byCause.get(key);
      if (found) found.hosts.add(host);
      else this.byCause.set(key, { resource, path, first: refusal, hosts: new Set([host]) });
    }
  }

  report({ report }: Context<typeof messages>): void {
    for (const { resource, path, first, hosts } of this.byCause.values()) {
      const { accepted, workload } = first;
      const related = [
        ...(accepted.policy && first.tls ? [{ resource: accepted.policy, path: accepted.path, text: `says what is accepted: ${accepted.mode}` }] : []),
        { resource: workload.resource, text: `workload ${workload.name}` },
      ];
      // A certificate of its own may be one that the CA of the mesh has signed.
      report('WFT1013', resource, path, { ...first, more: hosts.size - 1 }, { related, level: first.tls?.mode === 'MUTUAL' ? 'Warning' : undefined });
    }
  }
}

const tcpProtocols: ReadonlySet<string> = new Set(['tcp', 'tls', 'https', 'mongo', 'redis', 'mysql']);

function isTcp(port: ServicePort): boolean {
  return tcpProtocols.has(protocolOf(port) ?? '');
}
