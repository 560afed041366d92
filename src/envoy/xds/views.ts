// What each proxy is to have, from its routing table: one view for all proxies that are to have the same.
import type { ProxyIdentity, RoutingTable } from '../../ir/table.ts';
import { partsOf } from '../../ir/table-part.ts';
import { fetchedKeys } from '../listeners/security-filters.ts';
import { identityOfNode, type NodeIdentity } from '../node.ts';
import type { EnvoyOptions } from '../options.ts';
import { secretReferences } from '../secret-references.ts';
import { typeUrls } from '../type-urls.ts';
import { type Encode, envoySources, type Sources } from './envoy-sources.ts';
import { type OnPatchProblem, patchedSources, UnpatchedResources } from './patched-sources.ts';
import { areSecretsComing, type SecretSource, secretSources } from './proxy-secrets.ts';
import { ResourceSets, type Source } from './resource-sets.ts';
import { type ResourceSet, type View, type ViewSource, type XdsNode, XdsRefusal, type XdsVariant } from './view.ts';

export interface ViewSettings {
  encode: Encode;
  /** Table of a proxy at this moment: the same objects as before for what did not change. */
  tableOf(proxy: ProxyIdentity): RoutingTable;
  /** Proxies with equal keys have equal tables but for `proxy`. */
  keyOf(proxy: ProxyIdentity): string;
  /** Keys that were fetched of issuers of tokens (`EnvoyOptions`); after a change of them, too, `changed()` is called. */
  jwks?: NonNullable<EnvoyOptions['jwks']>;
  /** What tables name by `credentialName`; after a change of it, too, `changed()` is called. Absent: it is not to be had here. */
  secrets?: SecretSource;
  /** Of EnvoyFilters; each may come often. */
  onPatchProblem?: OnPatchProblem;
}

type MakeSet = (typeUrl: string, previous: ResourceSet | undefined) => ResourceSet | undefined;

/** What makes the resources of a view. */
interface Making {
  set: MakeSet;
  /** Whether more Secrets may come soon. */
  areSecretsComing(): boolean;
}

/** Lists of a table that the resources of a type are of; where they are the same, so is the set. */
const listOf: Readonly<Record<string, (table: RoutingTable) => unknown>> = {
  [typeUrls.listener]: ({ listeners }) => listeners,
  [typeUrls.routes]: ({ routes }) => routes,
  [typeUrls.virtualHost]: ({ routes }) => routes,
  [typeUrls.cluster]: ({ clusters }) => clusters,
  [typeUrls.endpoints]: ({ clusters }) => clusters,
};

/** Whether two tables give the same resources of a type. */
function isSame(typeUrl: string, a: RoutingTable, b: RoutingTable): boolean {
  const list = listOf[typeUrl];
  return list !== undefined && list(a) === list(b) && a.mesh === b.mesh && a.security === b.security && a.envoyPatches === b.envoyPatches;
}

/** Of one kind of proxy, between two changes of the mesh. */
class TableView implements View {
  readonly generation: number;
  readonly table: RoutingTable;
  private readonly sets = new Map<string, ResourceSet | undefined>();
  /** That were fetched, of issuers of tokens. */
  private readonly keys: string;
  private readonly making: Making;
  private coming: boolean | undefined;
  /** What was served before, so that what did not change stays the same object. Not the view before: it would keep all that were. */
  private readonly before: ReadonlyMap<string, ResourceSet | undefined>;

  constructor(generation: number, table: RoutingTable, keys: string, making: Making, previous: TableView | undefined) {
    this.generation = generation;
    this.table = table;
    this.keys = keys;
    this.making = making;
    this.before = previous ? new Map([...previous.before, ...previous.sets]) : new Map();
    if (previous?.keys !== keys) return;
    for (const [typeUrl, set] of previous.sets) if (isSame(typeUrl, previous.table, table)) this.sets.set(typeUrl, set);
  }

  resources(typeUrl: string): ResourceSet | undefined {
    if (this.sets.has(typeUrl)) return this.sets.get(typeUrl);
    // Before, so that what comes in between is not taken for all.
    this.isComing(typeUrl);
    const set = this.making.set(typeUrl, this.before.get(typeUrl));
    this.sets.set(typeUrl, set);
    return set;
  }

  /** Whether resources of the type were asked for, of this generation or of one before: a stream that is held up asks again later. */
  isAsked(typeUrl: string): boolean {
    return this.sets.has(typeUrl) || this.before.has(typeUrl);
  }

  /** Of what was there when the view was made: when more comes there is another one. */
  isComing(typeUrl: string): boolean {
    if (typeUrl !== typeUrls.secret) return false;
    this.coming ??= this.making.areSecretsComing();
    return this.coming;
  }
}

export class Views implements ViewSource {
  private readonly settings: ViewSettings;
  /** How often the mesh has changed. */
  generation = 0;
  /** By kind of proxy; the one of the last generation stays until a new one is asked for. */
  private readonly views = new Map<string, TableView>();
  private readonly identities = new WeakMap<XdsNode, ReturnType<typeof identityOfNode>>();
  /** By type, and by what resources depend on beside the object that they are of. */
  private readonly encoded = new Map<string, ResourceSets>();
  /** Of tables with patches. */
  private readonly unpatched = new Map<string, UnpatchedResources>();

  constructor(settings: ViewSettings) {
    this.settings = settings;
  }

  /** The mesh is another one from now on. */
  changed(): void {
    this.generation++;
  }

  /** Namespaces of the Secrets that proxies ask for. */
  secretNamespaces(): Set<string> {
    const asked = [...this.views.values()].filter((view) => view.isAsked(typeUrls.secret));
    return new Set(asked.flatMap(({ table }) => secretReferences(table).map(({ secret }) => secret.slice(0, secret.indexOf('/')))));
  }

  /** Forgets what no proxy has. @param nodes those that are connected */
  prune(nodes: Iterable<XdsNode>): void {
    const kept = new Set<string>();
    for (const node of nodes) {
      const found = this.identityOf(node);
      if (!('problem' in found)) for (const key of this.keysOf(found)) kept.add(key);
    }
    for (const key of this.views.keys()) if (!kept.has(key)) this.views.delete(key);
  }

  /** None for a proxy that there is nothing for any more. */
  private keysOf(found: NodeIdentity): string[] {
    try {
      const own = this.ownKey(found);
      return (['sotw', 'delta'] as const).map((variant) => `${variant} ${own}`);
    } catch (error) {
      if (error instanceof XdsRefusal) return [];
      throw error;
    }
  }

  viewOf(node: XdsNode, variant: XdsVariant): View {
    const found = this.identityOf(node);
    if ('problem' in found) throw new XdsRefusal(found.problem);
    const key = `${variant} ${this.ownKey(found)}`;
    const last = this.views.get(key);
    if (last?.generation === this.generation) return last;
    const table = this.settings.tableOf(found.identity);
    const { jwks, secrets } = this.settings;
    const options: EnvoyOptions = { ...found.options, ...(jwks ? { jwks } : {}), ...(secrets ? { secrets: 'ads' } : {}) };
    const making = { set: this.sets(options, table, variant), areSecretsComing: () => secrets !== undefined && areSecretsComing(table, secrets) };
    const view = new TableView(this.generation, table, fetchedKeys(table, options), making, last);
    this.views.set(key, view);
    return view;
  }

  /** The same object for as long as a proxy is connected. */
  private identityOf(node: XdsNode): ReturnType<typeof identityOfNode> {
    const found = this.identities.get(node) ?? identityOfNode(node);
    this.identities.set(node, found);
    return found;
  }

  private ownKey({ identity, options }: NodeIdentity): string {
    return `${options.meshTls} ${this.settings.keyOf(identity)}`;
  }

  private sets(options: EnvoyOptions, table: RoutingTable, variant: XdsVariant): MakeSet {
    const { role, namespace } = table.proxy;
    const context = JSON.stringify([options, variant]);
    // Only listeners say something of the mesh and the proxy.
    const ofListeners = JSON.stringify([options, table.mesh, role, namespace]);
    const { encode, secrets } = this.settings;
    let envoy: Sources | undefined;
    const sourcesOf = (typeUrl: string): Iterable<Source> | undefined => {
      if (typeUrl === typeUrls.tablePart) return partSources(table);
      if (typeUrl === typeUrls.secret) return secrets && secretSources(table, secrets, encode);
      envoy ??= this.envoySources(table, options, variant, ofListeners);
      return envoy[typeUrl]?.();
    };
    const contextOf = (typeUrl: string): string => (typeUrl === typeUrls.listener ? ofListeners : typeUrl === typeUrls.secret ? '' : context);
    return (typeUrl, previous) => {
      const sources = sourcesOf(typeUrl);
      return sources && this.encodedOf(`${typeUrl} ${contextOf(typeUrl)}`).set(sources, previous);
    };
  }

  /** @param context that all resources of the table depend on beside its objects */
  private envoySources(table: RoutingTable, options: EnvoyOptions, variant: XdsVariant, context: string): Sources {
    const { encode, onPatchProblem: onProblem = () => {} } = this.settings;
    if (table.envoyPatches.length === 0) return envoySources(table, options, variant, encode);
    const unpatched = this.unpatched.get(context) ?? new UnpatchedResources();
    this.unpatched.set(context, unpatched);
    return patchedSources(table, options, variant, { encode, unpatched, onProblem });
  }

  private encodedOf(key: string): ResourceSets {
    const known = this.encoded.get(key) ?? new ResourceSets();
    this.encoded.set(key, known);
    return known;
  }
}

const encoder = new TextEncoder();

function* partSources(table: RoutingTable): Generator<Source> {
  for (const { name, of, part } of partsOf(table)) yield { name, of, encode: () => encoder.encode(JSON.stringify(part())) };
}
