// What two routing tables of one caller do differently.
import { blackHoleCluster, type Cluster, passthroughCluster } from '../ir/cluster.ts';
import type { RoutingTable } from '../ir/table.ts';
import { domainsOf } from '../simulate/hosts.ts';
import type { Change, Subject } from './change.ts';
import { clusterFacts } from './cluster-facts.ts';
import { allOf, differences } from './facts.ts';
import type { Witness } from './joint-witness.ts';
import { patchChanges } from './patches.ts';
import { actionText, ownOf } from './route-facts.ts';
import { type AskedPolicies, securityChanges } from './security.ts';
import { type EntryPart, type HostPart, partsOf, type TableParts, type TableSide } from './table-parts.ts';
import { authoritiesOf, compareHosts, type HostChange } from './virtual-hosts.ts';
import { matchText } from './words.ts';

/** A change for one caller, before it is known for whom else. */
export interface TableChange extends Omit<Change, 'scope' | 'example' | 'access'> {
  /** A request that shows it, and the routes that take it: positions in their virtual hosts, -1 for none; undefined where nothing is known of it. */
  shown?: Shown;
  /** Of policies. */
  asked?: AskedPolicies;
}

export interface Shown {
  witness: Witness;
  authority: string;
  port: number;
  scheme: 'http' | 'https';
  old: number | undefined;
  new: number | undefined;
}

export function compareTables(old: TableSide, now: TableSide): TableChange[] {
  const [before, after] = [partsOf(old.table), partsOf(now.table)];
  return [
    ...hostChanges(before, after, old, now),
    ...entryChanges(before, after),
    ...clusterChanges(before, after, old, now),
    ...gatewayChanges(old.table, now.table),
    ...patchChanges(old.table, now.table),
  ];
}

/** What a sidecar asks is asked of others than its caller. */
function gatewayChanges(old: RoutingTable, now: RoutingTable): TableChange[] {
  if (now.proxy.role !== 'gateway') return [];
  return securityChanges(old.security, now.security).map((change) => ({ ...change, subject: { kind: 'connections' } }));
}

const compared = new WeakMap<object, WeakMap<object, readonly HostChange[]>>();

/** Tables of many callers have the same virtual hosts. */
function hostsCompared(before: HostPart, after: HostPart, old: TableSide, now: TableSide): readonly HostChange[] {
  const byOld = compared.get(before.host) ?? new WeakMap<object, readonly HostChange[]>();
  compared.set(before.host, byOld);
  const found =
    byOld.get(after.host) ?? compareHosts({ host: before.host, provenance: old.provenance }, { host: after.host, provenance: now.provenance }, after.scheme);
  byOld.set(after.host, found);
  return found;
}

function subjectOf({ host, isRest }: HostPart): Subject {
  return isRest ? { kind: 'unknown-hosts' } : { kind: 'host', ...ownOf(host) };
}

function hostChanges(before: TableParts, after: TableParts, old: TableSide, now: TableSide): TableChange[] {
  const changes: TableChange[] = [];
  for (const [key, part] of after.hosts) {
    const former = before.hosts.get(key);
    if (former) {
      for (const { shown, ...change } of hostsCompared(former, part, old, now)) {
        const place = part.isRest ? 'HTTP requests' : change.place;
        changes.push({ ...change, place, subject: subjectOf(part), ...(shown && !part.isRest ? { shown: shownAt(shown, former, part) } : {}) });
      }
    } else if (!part.isRest) changes.push(...appeared(part, before, { side: 'new', old, now }));
  }
  for (const [key, part] of before.hosts) if (!after.hosts.has(key) && !part.isRest) changes.push(...appeared(part, after, { side: 'old', old, now }));
  return changes;
}

function shownAt(shown: NonNullable<HostChange['shown']>, before: HostPart, after: HostPart): Shown {
  const [usual = ''] = authoritiesOf(before.host, after.host);
  const authority = shown.witness.headers.get(':authority') ?? usual;
  return { ...shown, authority, port: after.port, scheme: after.scheme };
}

/** A host that only one side routes; none where what took its requests on the other side does the same with them. */
function appeared(part: HostPart, others: TableParts, { side, old, now }: { side: 'old' | 'new'; old: TableSide; now: TableSide }): TableChange[] {
  const { host } = part;
  const [authority = ''] = authoritiesOf(host, host);
  const other = (others.configs.get(part.port) ?? []).map((config) => domainsOf(config).find(authority)).find((found) => found !== undefined);
  if (other) {
    const rest: HostPart = { ...part, host: other };
    const [before, after] = side === 'new' ? [rest, part] : [part, rest];
    const routes = hostsCompared(before, after, old, now).filter(
      ({ place, fields }) => place !== '' || fields.some(({ field }) => field !== 'names' && field !== 'x-envoy-attempt-count'),
    );
    if (routes.length === 0) return [];
  }
  const redirected = host.requireTls ? [{ field: 'plain HTTP', [side]: { text: 'redirected to https', value: true } }] : [];
  const routes = host.routes.map((route) => ({
    field: matchText(route.match),
    [side]: { text: actionText(route, host), value: route.action, ...(route.origin ? { origin: route.origin } : {}) },
  }));
  const [first] = host.routes;
  const witness: Witness = { path: '/', query: [], headers: new Map(), claims: false };
  const plain = first !== undefined && host.routes.length === 1 && matchText(first.match) === 'every request';
  const shown: Shown = { witness, authority, port: part.port, scheme: part.scheme, old: undefined, new: undefined };
  return [
    {
      mark: side === 'new' ? 'added' : 'removed',
      subject: subjectOf(part),
      place: '',
      fields: [...redirected, ...routes],
      at: host.origin ? { [side]: host.origin } : {},
      ...(plain ? { shown: { ...shown, [side]: 0 } } : {}),
    },
  ];
}

function entryChanges(before: TableParts, after: TableParts): TableChange[] {
  const changes: TableChange[] = [];
  const only = (part: EntryPart, side: 'old' | 'new'): void => {
    const { subject, place, facts, essence, origin } = part;
    if (!essence) return;
    const fields = allOf(
      facts.filter(({ field }) => essence.includes(field)),
      side,
    );
    changes.push({ mark: side === 'new' ? 'added' : 'removed', subject, place, fields, at: origin ? { [side]: origin } : {} });
  };
  for (const [key, part] of after.entries) {
    const former = before.entries.get(key);
    if (!former) only(part, 'new');
    else {
      const fields = differences(former.facts, part.facts);
      const at = { ...(former.origin ? { old: former.origin } : {}), ...(part.origin ? { new: part.origin } : {}) };
      if (fields.length > 0) changes.push({ mark: 'changed', subject: part.subject, place: part.place, fields, at });
    }
  }
  for (const [key, part] of before.entries) if (!after.entries.has(key)) only(part, 'old');
  return changes;
}

const clustersCompared = new WeakMap<Cluster, WeakMap<Cluster, Omit<TableChange, 'shown'> | null>>();

/** Of clusters that something goes to: what nobody uses is not traffic. */
function clusterChanges(before: TableParts, after: TableParts, old: TableSide, now: TableSide): TableChange[] {
  return [...after.used].flatMap((name): TableChange[] => {
    if (name === blackHoleCluster) return [];
    const [was, is] = [before.clusters.get(name), after.clusters.get(name)];
    if (was && is) return clusterChange(was, is, old, now);
    const any = was ?? is;
    // A destination that is new, with the cluster that it needs, is told with its route.
    if (!any || !before.used.has(name)) return [];
    const there = { text: 'there', value: true };
    const missing = { text: 'missing: requests to it fail', value: false };
    const at = any.origins.at(-1);
    return [
      {
        mark: was ? 'removed' : 'added',
        ...placeOf(any),
        fields: [{ field: 'destination', old: was ? there : missing, new: was ? missing : there }],
        at: at ? { [was ? 'old' : 'new']: at } : {},
      },
    ];
  });
}

function clusterChange(was: Cluster, is: Cluster, old: TableSide, now: TableSide): TableChange[] {
  if (was === is) return [];
  const byOld = clustersCompared.get(was) ?? new WeakMap<Cluster, Omit<TableChange, 'shown'> | null>();
  clustersCompared.set(was, byOld);
  let found = byOld.get(is);
  if (found === undefined) {
    const fields = differences(clusterFacts(was, old.provenance), clusterFacts(is, now.provenance));
    const [before, after] = [was.origins.at(-1), is.origins.at(-1)];
    const at = { ...(before ? { old: before } : {}), ...(after ? { new: after } : {}) };
    found = fields.length > 0 ? { mark: 'changed', ...placeOf(is), fields, at } : null;
    byOld.set(is, found);
  }
  return found ? [found] : [];
}

function placeOf({ host, port, subset, name }: Cluster): { subject: Subject; place: string } {
  if (host === '') return { subject: { kind: 'unknown-hosts' }, place: name === passthroughCluster ? 'what is passed on' : name };
  return { subject: { kind: 'host', host, port }, place: subset === '' ? 'its endpoints' : `subset ${subset}` };
}
