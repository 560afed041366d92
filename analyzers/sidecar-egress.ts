import { type Context, defineAnalyzer, type ReportExtra } from '../src/analysis/analyzer.ts';
import { meant } from '../src/analysis/meant.ts';
import { message } from '../src/analysis/message.ts';
import { NearestIndex } from '../src/analysis/nearest.ts';
import { unknownHost } from '../src/analysis/unknown-host.ts';
import { namespaceInWords } from '../src/analysis/wording.ts';
import type { Sidecar } from '../src/manifest/istio/networking.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { clusterDomain, toFqdn } from '../src/model/hosts.ts';
import { ImportableHosts } from '../src/model/importable-hosts.ts';
import type { Mesh } from '../src/model/mesh.ts';
import { knownNamespaces } from '../src/model/namespaces.ts';
import { isSeenIn } from '../src/model/visibility.ts';

const WFT1019 = message<{ entry: string; problem: string }>({
  name: 'SidecarEgressUnknown',
  level: 'Warning',
  summary: 'an egress host of a Sidecar imports nothing',
  text: ({ entry, problem }) => `egress host "${entry}" imports nothing: ${problem}`,
  help: 'an egress host is namespace/host: the namespace of the Service or ServiceEntry (or *), and its whole host name (or *, or *.suffix)',
  aliases: ['KIA1004'],
});

const messages = { WFT1019 };

/** One egress host, taken apart. */
interface Entry {
  sidecar: Resource<Sidecar>;
  written: string;
  /** As written: a name, `.`, `*`. */
  namespace: string;
  host: string;
  /** The namespace that is meant; `*` for all of them. */
  where: string;
  /** The namespace whose sidecars import it; undefined for those of all namespaces. */
  viewer: string | undefined;
  path: Path;
}

interface Found {
  problem: string;
  extra?: ReportExtra;
}

/** Sidecar.egress[].hosts, as SEL-R31 reads them; what is imported is a subset of the host that is written (SEL-R6). */
export default defineAnalyzer({
  name: 'weft.SidecarEgressAnalyzer',
  summary: 'egress hosts of Sidecars import something',
  reads: ['Sidecar', 'Service', 'ServiceEntry', 'VirtualService', 'Namespace', 'ServiceAccount', 'Pod', 'MeshConfig'],
  preset: 'recommended',
  messages,
  check(context) {
    const { mesh, report } = context;
    for (const sidecar of mesh.list('Sidecar')) {
      for (const entry of entriesOf(sidecar, mesh.rootNamespace)) {
        const found = entry.host === '*' ? namespaceProblem(context, entry) : hostProblem(context, entry);
        if (found)
          report('WFT1019', sidecar, entry.path, { entry: entry.written, problem: found.problem }, { effect: effectOf(mesh, sidecar), ...found.extra });
      }
    }
  },
});

function* entriesOf(sidecar: Resource<Sidecar>, rootNamespace: string): Generator<Entry> {
  const forMesh = sidecar.namespace === rootNamespace && Object.keys(sidecar.spec.workloadSelector?.labels ?? {}).length === 0;
  for (const [e, listener] of (sidecar.spec.egress ?? []).entries()) {
    for (const [h, written] of (listener?.hosts ?? []).entries()) {
      const [namespace, host, more] = written.split('/');
      // Validation refuses what is not namespace/host. For the sidecars of a mesh `.` is another namespace each.
      if (!namespace || !host || more !== undefined || namespace === '~' || (namespace === '.' && forMesh)) continue;
      const where = namespace === '.' ? sidecar.namespace : namespace;
      const viewer = forMesh ? undefined : sidecar.namespace;
      yield { sidecar, written, namespace, host, where, viewer, path: ['spec', 'egress', e, 'hosts', h] };
    }
  }
}

function namespaceProblem({ mesh, knows }: Context<typeof messages>, { namespace, where, viewer, path }: Entry): Found | undefined {
  const namespaces = knownNamespaces(mesh);
  if (where === '*' || where === viewer || namespaces.has(where) || ImportableHosts.of(mesh).namesIn(where).length > 0 || !knows('Namespace')) return undefined;
  const near = mesh.memo('namespaces by near names', ['Namespace'], () => new NearestIndex(namespaces)).find(namespace);
  return { problem: `namespace "${namespace}" does not exist`, extra: meant(near, path, near && `${near}/*`) };
}

function hostProblem(context: Context<typeof messages>, entry: Entry): Found | undefined {
  const { mesh } = context;
  const { sidecar, host, where, viewer } = entry;
  const hosts = ImportableHosts.of(mesh);
  const isWild = host.startsWith('*');
  const named = isWild ? [] : hosts.named(host);
  const there = named.filter((found) => where === '*' || found.namespace === where);
  if (there.some(({ scopes }) => viewer === undefined || isSeenIn(scopes, viewer))) return undefined;
  if (hosts.isRouted(where, host) || (isWild && hosts.overlaps(where, host))) return undefined;
  const unknown = unknownHost(context, sidecar.namespace, host, entry.path);
  if (!unknown) return undefined;
  const of = where === '*' ? '' : ` of ${namespaceInWords(where)}`;
  if (isWild) return { problem: `no Service or ServiceEntry${of} has a host that ends with ${host.slice(1)}` };
  if (there[0]) {
    return { problem: `exportTo does not show it to namespace "${viewer}"`, extra: { help: `add ${viewer} to its exportTo`, related: relatedTo(there[0]) } };
  }
  const other = named[0];
  if (other) {
    const only = named.every(({ namespace }) => namespace === other.namespace) ? other.namespace : undefined;
    return {
      problem: `this host is of namespace "${other.namespace}"`,
      extra: { ...meant(only, entry.path, only && `${only}/${host}`), related: relatedTo(other) },
    };
  }
  return similar(mesh, hosts, entry) ?? { problem: `no Service or ServiceEntry${of} has this host`, extra: { help: unknown.help ?? helpForShort(mesh, host) } };
}

/** `cart.shop` and `cart.shop.svc` look like a service, and are not the host of one. */
function helpForShort(mesh: Mesh, host: string): string | undefined {
  const [name, namespace, more] = host.split('.');
  const isService = namespace !== undefined && knownNamespaces(mesh).has(namespace) && (more === undefined || more === 'svc');
  return isService ? `a Service is named by its whole host: ${name}.${namespace}.${clusterDomain}` : undefined;
}

/** What is nearly a host, and so shows what was meant. */
function similar(mesh: Mesh, hosts: ImportableHosts, { sidecar, namespace, host, where, path }: Entry): Found | undefined {
  const own = where === '*' ? sidecar.namespace : where;
  const whole = host.includes('.') ? `${host.replace(/\.svc$/, '')}.${clusterDomain}` : toFqdn(own, host);
  const fix = (text: string | undefined): ReportExtra => meant(text, path, text && `${namespace}/${text}`);
  if (hosts.named(whole).some((found) => where === '*' || found.namespace === where)) {
    return { problem: `names are not completed here; the service is ${whole}`, extra: fix(whole) };
  }
  const covering = hosts.covering(where, host);
  if (covering) {
    const problem = `${covering.host} is a host of ${covering.resource.friendlyName}, which is imported as a whole or not at all`;
    return { problem, extra: { ...fix(covering.host), related: relatedTo(covering) } };
  }
  const indexes = mesh.memo('importable hosts by near names', ['Service', 'ServiceEntry'], () => new Map<string, NearestIndex>());
  const index = indexes.get(where) ?? new NearestIndex(hosts.namesIn(where));
  indexes.set(where, index);
  const near = index.find(host);
  return near === undefined ? undefined : { problem: 'no Service or ServiceEntry has this host', extra: fix(near) };
}

function relatedTo({ resource, host }: { resource: Resource; host: string }): ReportExtra['related'] {
  return [{ resource, text: `${host} is defined here` }];
}

/** Without a mode a Sidecar's own policy is REGISTRY_ONLY (SEL-R35, SEL-R72 to SEL-R74). */
function effectOf({ meshConfig }: Mesh, { spec: { outboundTrafficPolicy } }: Resource<Sidecar>): string {
  const mode = outboundTrafficPolicy ? (outboundTrafficPolicy.mode ?? 'REGISTRY_ONLY') : meshConfig.outboundTrafficPolicy?.mode;
  return mode === 'REGISTRY_ONLY'
    ? 'sidecars do not know what was meant: requests to it get 502, and other connections are closed'
    : 'sidecars do not know what was meant: traffic to it goes straight to its address, without routes, mTLS, retries and policies';
}
