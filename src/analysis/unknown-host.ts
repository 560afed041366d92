import type { Path } from '../manifest/problem.ts';
import { clusterDomain, type HostEntry, hostsOverlap, parseFqdn, toFqdn } from '../model/hosts.ts';
import type { Mesh } from '../model/mesh.ts';
import { pushTo } from '../model/push-to.ts';
import type { Context, ReportExtra } from './analyzer.ts';
import { meant } from './meant.ts';
import type { Messages } from './message.ts';
import { NearestIndex } from './nearest.ts';

/** Namespaces whose services no input shows: their objects are left out when files are read. */
const hidden = new Set(['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage']);

/**
 * What is to be said of a host that `mesh.hosts.lookup` did not find; undefined when nobody can say that it does not exist: the
 * input has no Services (for a name of the cluster) or no ServiceEntries (for any other).
 *
 * @param namespace of the resource that names the host
 * @param path where it does
 */
export function unknownHost(
  context: Context<Messages>,
  namespace: string,
  host: string,
  path: Path,
): Pick<ReportExtra, 'help' | 'related' | 'fix'> | undefined {
  const { mesh, knows, preset } = context;
  const fqdn = toFqdn(namespace, host);
  if (mesh.options.knownHosts.some((known) => hostsOverlap(known, fqdn))) return undefined;
  const hints = hintsOf(mesh);
  const known = hints.known(namespace, host);
  const local = isLocal(fqdn);
  if (preset !== 'reference' && local && isOutOfSight(mesh, parseFqdn(namespace, host))) return undefined;
  if (!knows(local || known?.entry.resource.kindName === 'Service' ? 'Service' : 'ServiceEntry')) return undefined;
  if (!known) return meant(hints.nearest(namespace, host), path);
  const { entry, help, text } = known;
  return { ...meant(text, path), help, related: [{ resource: entry.resource, text: `${entry.host} is defined here` }] };
}

/** Services that are in every cluster, or come with an installation, and so are not written in an application's files. */
function isOutOfSight(mesh: Mesh, { name, namespace }: { name: string; namespace: string }): boolean {
  if (hidden.has(namespace) || (namespace === 'default' && name === 'kubernetes')) return true;
  const { assume, istioNamespace } = mesh.options;
  return assume === 'auto' && namespace === istioNamespace && mesh.listIn('Service', namespace).length === 0;
}

function hintsOf(mesh: Mesh): HostHints {
  return mesh.memo('host hints', ['Service', 'ServiceEntry'], () => new HostHints(mesh.hosts.all()));
}

/** Finds the host that was meant by a name that is none. */
class HostHints {
  private readonly byHost = new Map<string, HostEntry[]>();
  private readonly byFirstLabel = new Map<string, HostEntry[]>();
  /** Names of the cluster's services by namespace. */
  private readonly shortNames = new Map<string, NearestIndex>();
  private readonly namespaces: NearestIndex;
  /** Hosts that are no names of the cluster. */
  private readonly others: NearestIndex;

  constructor(entries: Iterable<HostEntry>) {
    const inNamespace = new Map<string, string[]>();
    const others: string[] = [];
    for (const entry of entries) {
      pushTo(this.byHost, entry.host, entry);
      if (!isLocal(entry.host)) {
        others.push(entry.host);
        continue;
      }
      const { name, namespace } = parseFqdn('', entry.host);
      pushTo(this.byFirstLabel, name, entry);
      pushTo(inNamespace, namespace, name);
    }
    for (const [namespace, names] of inNamespace) this.shortNames.set(namespace, new NearestIndex(names));
    this.namespaces = new NearestIndex(inNamespace.keys());
    this.others = new NearestIndex(others);
  }

  /** A host that the name could stand for, if it were written otherwise; `text` where that is certain to be meant. */
  known(namespace: string, host: string): { entry: HostEntry; help: string; text?: string } | undefined {
    const hiddenFrom = this.byHost.get(toFqdn(namespace, host));
    if (hiddenFrom) {
      const scopes = [...new Set(hiddenFrom.map((e) => e.scope))].join(', ');
      return { entry: hiddenFrom[0] as HostEntry, help: `${host} exists, and its exportTo shows it only to: ${scopes}` };
    }
    const written = host.endsWith('.') ? this.byHost.get(host.slice(0, -1))?.[0] : undefined;
    if (written) return { entry: written, help: 'remove the dot at the end', text: host.slice(0, -1) };
    const [name, inNamespace, service] = host.split('.');
    if (name !== undefined && inNamespace !== undefined && (service === undefined || service === 'svc')) {
      const whole = `${name}.${inNamespace}.${clusterDomain}`;
      const entry = whole === host ? undefined : this.byHost.get(whole)?.[0];
      if (entry) return { entry, help: `write the whole name: ${whole}`, text: whole };
    }
    const elsewhere = host.includes('.') ? undefined : this.byFirstLabel.get(host);
    if (elsewhere?.length === 1) {
      const entry = elsewhere[0] as HostEntry;
      return { entry, help: `a short name is looked up in the namespace of this resource; write ${entry.host}` };
    }
    return undefined;
  }

  /** A near name, in the form in which the host is written. */
  nearest(namespace: string, host: string): string | undefined {
    const fqdn = toFqdn(namespace, host);
    if (!isLocal(fqdn)) return this.others.find(host);
    const parsed = parseFqdn(namespace, fqdn);
    const names = this.shortNames.get(parsed.namespace);
    const name = names?.find(parsed.name);
    if (name !== undefined) return host === fqdn ? `${name}.${parsed.namespace}.${clusterDomain}` : name;
    const other = names === undefined ? this.namespaces.find(parsed.namespace) : undefined;
    return other === undefined ? undefined : `${parsed.name}.${other}.${clusterDomain}`;
  }
}

/** Whether a host, or a name under a wildcard, is one of the cluster's services. */
function isLocal(host: string): boolean {
  return host.startsWith('*') ? hostsOverlap(host, `*.${clusterDomain}`) : host.endsWith(`.${clusterDomain}`);
}
