// Which documents a description can depend on: of a large mesh most need not be read.
//
// A document is passed over only where it cannot matter: names of what is described, and of all that this leads to, are not in its
// text. What is kept without need does no harm. tests compare descriptions of all documents with those of the kept ones.
import type { SourceDocument, SourceText } from '../../manifest/resource.ts';
import { parseYaml, YamlError } from '../../manifest/yaml.ts';
import { matchesLabels } from '../../model/selectors.ts';
import { isMap, items, text } from '../../model/untyped.ts';
import { useWaypointLabel } from '../../model/waypoints.ts';
import { documentsWith, nameIn, type TextDocument, type TextFile, textFile, textOf } from './documents.ts';
import { listing, named, policies, routes, unread, workloads } from './kinds.ts';
import {
  isForEveryHost,
  isHttpOnly,
  namesOfApiRoute,
  namesOfVirtualService,
  podLabels,
  portsOf,
  type RoutingNames,
  stringsOf,
  textsOf,
  type Written,
  wordOfHost,
  writtenObject,
} from './references.ts';
import { isPlainHttp } from './service-text.ts';

export interface NarrowOptions {
  /** Of objects that name none. */
  defaultNamespace: string;
  /** Of the control plane, and unless the mesh configuration says otherwise the root namespace. */
  istioNamespace: string;
  /** What is described. */
  kind: string;
  namespace: string;
  name: string;
}

/** A mesh with fewer documents is read as it is. */
const worthIt = 400;

/** What may be an address. */
const address = /[0-9a-fA-F]*[.:][0-9a-fA-F.:]+/g;

/** More names than these lead to everything. */
const mostWords = 200;

/** @param least documents that are worth it */
export function narrowing(sources: readonly SourceText[], options: NarrowOptions, least = worthIt): ((document: SourceDocument) => boolean) | undefined {
  const files: TextFile[] = [];
  for (const source of sources) {
    const file = textFile(source);
    if (!file) return undefined;
    files.push(file);
  }
  if (files.reduce((sum, { documents }) => sum + documents.length, 0) < least) return undefined;
  const kept = new Narrowing(files, options).run();
  if (!kept) return undefined;
  const places = new Map<SourceText, Set<number>>();
  for (const { source, start } of kept) places.set(source, (places.get(source) ?? new Set()).add(start));
  return ({ source, start }) => !places.get(source)?.has(start);
}

class Narrowing {
  private readonly files: readonly TextFile[];
  private readonly documents: readonly TextDocument[];
  private readonly options: NarrowOptions;
  private readonly kept = new Set<TextDocument>();
  private readonly words = new Set<string>();
  private readonly queue: string[] = [];
  private everything = false;
  /** They may be for anything: wildcards, and rules that are written elsewhere. */
  private readonly wide: TextDocument[] = [];
  /** Names of services that are described. */
  private targets: ReadonlySet<string> = new Set();

  constructor(files: readonly TextFile[], options: NarrowOptions) {
    this.files = files;
    this.documents = files.flatMap(({ documents }) => documents);
    this.options = options;
  }

  /** Undefined: everything has to be read. */
  run(): ReadonlySet<TextDocument> | undefined {
    this.keepOthers();
    const own = this.ownServices();
    if (!own) return undefined;
    this.targets = new Set(own.map(({ name }) => wordOfHost(name)));
    for (const { name } of own) this.ask(name);
    this.keepPorts(own);
    this.keepWaypoints();
    for (const document of this.wide) this.keepNamed(document);
    for (let word = this.queue.shift(); word !== undefined; word = this.queue.shift()) {
      if (this.words.size > mostWords || this.everything) return undefined;
      for (const document of this.with(word)) this.keepNamed(document);
    }
    if (this.everything) return undefined;
    this.keepPodsAtAddresses();
    this.keepNamesakes();
    return this.kept;
  }

  private with(word: string): TextDocument[] {
    return this.files.flatMap((file) => documentsWith(file, word));
  }

  private ask(written: string): void {
    const word = wordOfHost(written);
    if (word === '' || this.words.has(word)) return;
    this.words.add(word);
    this.queue.push(word);
  }

  /** Those of which no name decides; and the first of each kind, so that it is known that there are some. */
  private keepOthers(): void {
    const seen = new Set<string>();
    const { namespace, istioNamespace, defaultNamespace } = this.options;
    const everyPolicy = this.files.some(({ lower }) => lower.includes('rootnamespace'));
    const near = new Set([namespace, istioNamespace].flatMap((one) => this.with(one.toLowerCase())));
    const byDefault = defaultNamespace === namespace || defaultNamespace === istioNamespace;
    for (const document of this.documents) {
      const { kind } = document;
      const first = kind === undefined || !seen.has(kind);
      if (kind !== undefined) seen.add(kind);
      if (kind === undefined || this.isAlways(document, kind)) this.kept.add(document);
      else if (unread.has(kind)) continue;
      else if (first) this.kept.add(document);
      else if (kind === 'VirtualService' || kind === 'DestinationRule') {
        if (this.hasText(document, '*') || (kind === 'VirtualService' && this.hasText(document, 'delegate:'))) this.wide.push(document);
      } else if (policies.has(kind) || workloads.has(kind) || kind === 'Service') {
        const isNear = near.has(document) || (byDefault && !this.hasText(document, 'namespace:'));
        if (isNear || (policies.has(kind) && everyPolicy)) this.kept.add(document);
      }
    }
  }

  private isAlways(document: TextDocument, kind: string): boolean {
    if (unread.has(kind)) return false;
    if (kind === 'ConfigMap') return this.hasText(document, 'istio');
    return !named.has(kind) && !policies.has(kind) && !workloads.has(kind);
  }

  private hasText(document: TextDocument, what: string): boolean {
    return textOf(document).includes(what);
  }

  /** Services that are described, or behind which the workload is; undefined: what is described is not there. */
  private ownServices(): Written[] | undefined {
    const { kind, namespace, name } = this.options;
    const near = [...this.kept].filter((document) => document.kind === 'Service').flatMap((document) => this.read(document) ?? []);
    const services = near.filter((service) => service.namespace === namespace);
    if (kind === 'Service') {
      const own = services.filter((service) => service.name === name);
      return own.length > 0 ? own : undefined;
    }
    const found = this.with(name.toLowerCase())
      .filter((document) => document.kind !== undefined && workloads.has(document.kind))
      .flatMap((document) => this.read(document) ?? [])
      .filter((workload) => workload.name === name && workload.namespace === namespace);
    if (found.length === 0) return undefined;
    const isSelected = (selector: Record<string, string>): boolean =>
      Object.keys(selector).length > 0 && found.some((workload) => matchesLabels(selector, podLabels(workload)));
    const entries = [...this.kept].filter((document) => document.kind === 'ServiceEntry').flatMap((document) => this.read(document) ?? []);
    const ofEntries = entries
      .filter((entry) => entry.namespace === namespace && isMap(entry.spec.workloadSelector) && isSelected(stringsOf(entry.spec.workloadSelector.labels)))
      .flatMap((entry) => textsOf(entry.spec.hosts).map((host) => ({ ...entry, name: host })));
    return [...services.filter(({ spec }) => isSelected(stringsOf(spec.selector))), ...ofEntries];
  }

  /** Others at the same ports may take the listener. Those that certainly speak HTTP there share it with those that do, too. */
  private keepPorts(own: readonly Written[]): void {
    const services = this.documents.filter((document) => document.kind === 'Service' && !this.kept.has(document));
    // What a Sidecar brings in decides which ports there are.
    const all = this.documents.some(({ kind }) => kind === 'Sidecar') || own.some(({ kind, spec }) => kind !== 'Service' || !isHttpOnly(spec));
    const ports = new Set(['80', ...own.flatMap(({ spec }) => portsOf(spec))]);
    const served = new Set<string>();
    for (const document of services) {
      const text = textOf(document);
      const plain = all ? undefined : isPlainHttp(text);
      // The first of each port, for everybody: it makes the listener that hosts without a service need.
      if (plain === undefined || (ports.has(plain) && !served.has(plain) && !text.includes('exportTo'))) this.kept.add(document);
      if (plain !== undefined && !text.includes('exportTo')) served.add(plain);
    }
  }

  /** Gateways that services, pods and namespaces name as their waypoints, and policies that name those, in whatever namespace they are. */
  private keepWaypoints(): void {
    for (const document of [...this.kept]) {
      if (!this.hasText(document, useWaypointLabel)) continue;
      const name = this.read(document)?.labels[useWaypointLabel] ?? '';
      this.ask(name);
      for (const other of this.with(name.toLowerCase())) if (other.kind !== undefined && policies.has(other.kind)) this.kept.add(other);
    }
  }

  private keepNamed(document: TextDocument): void {
    if (document.kind === 'ServiceEntry') {
      const { workloadSelector } = this.read(document)?.spec ?? {};
      if (isMap(workloadSelector)) this.keepWorkloads(stringsOf(workloadSelector.labels));
      return;
    }
    if (document.kind === undefined || !named.has(document.kind)) return;
    if (document.kind !== 'VirtualService' && document.kind !== 'Service' && document.kind !== 'Gateway' && !routes.has(document.kind)) {
      this.kept.add(document);
      return;
    }
    if (this.followed.has(document)) return;
    this.followed.add(document);
    this.kept.add(document);
    const written = this.read(document);
    if (written) this.follow(written);
  }

  private readonly followed = new Set<TextDocument>();

  private follow(written: Written): void {
    const { kind, spec, name } = written;
    if (kind === 'Service') {
      this.ask(name);
      // Whoever has the same address takes its name there.
      if (spec.clusterIP !== 'None') this.ask(text(spec.clusterIP));
      this.keepWorkloads(stringsOf(spec.selector));
      return;
    }
    if (kind === 'Gateway') {
      this.followGateway(written);
      return;
    }
    const names: RoutingNames =
      kind === 'VirtualService' ? namesOfVirtualService(written, (rule, hosts) => this.isAbout(rule, hosts)) : namesOfApiRoute(written);
    // With a wildcard alone it may have nothing to do with what is described.
    if (kind === 'VirtualService' && !this.isAbout(spec, names.hosts) && names.delegates.length === 0 && !isForEveryHost(names)) return;
    // Which hosts such a one is for, all services tell.
    if (kind === 'VirtualService' && isForEveryHost(names)) this.everything = true;
    for (const word of [...names.hosts, ...names.delegates, ...names.destinations, ...names.gateways]) this.ask(word);
  }

  /** A word of what is described is in it, or it is for a wildcard that may be for it. */
  private isAbout(value: unknown, hosts: readonly string[]): boolean {
    if (hosts.some((host) => this.targets.has(wordOfHost(host)))) return true;
    const text = JSON.stringify(value).toLowerCase();
    return [...this.targets].some((word) => text.includes(word));
  }

  /** Gateways of the same workloads decide together about ports and hosts. */
  private followGateway({ name, spec }: Written): void {
    const selector = stringsOf(spec.selector);
    const values = Object.values(selector);
    if (Array.isArray(spec.addresses)) for (const { value } of items(spec.addresses as { value?: unknown }[])) this.ask(text(value));
    for (const value of values.length > 0 ? values : [name]) {
      for (const document of this.with(value.toLowerCase())) {
        const { kind } = document;
        if (kind === undefined || this.kept.has(document)) continue;
        if (kind === 'Gateway' || kind === 'Service' || workloads.has(kind)) this.kept.add(document);
      }
    }
  }

  /** Those with all labels of a selector. */
  private keepWorkloads(selector: Record<string, string>): void {
    const [first, ...others] = Object.values(selector).map((value) => value.toLowerCase());
    if (first === undefined) return;
    const rest = others.map((value) => new Set(this.with(value)));
    for (const document of this.with(first)) {
      if (document.kind !== undefined && workloads.has(document.kind) && rest.every((set) => set.has(document))) this.kept.add(document);
    }
  }

  /** Pods that lists of endpoints name by their addresses, in whatever namespace they are. */
  private keepPodsAtAddresses(): void {
    const listed = [...this.kept].filter(({ kind }) => kind !== undefined && listing.has(kind));
    const addresses = new Set(listed.flatMap((document) => textOf(document).match(address) ?? []));
    if (addresses.size === 0) return;
    for (const document of this.documents) {
      if (document.kind !== 'Pod' || this.kept.has(document)) continue;
      if (
        textOf(document)
          .match(address)
          ?.some((own) => addresses.has(own))
      )
        this.kept.add(document);
    }
  }

  /** Of objects of one name the last counts, whatever is in it. */
  private keepNamesakes(): void {
    const names = new Map<string, Set<string>>();
    for (const document of this.kept) {
      const { kind } = document;
      if (kind === undefined) continue;
      const name = nameIn(document);
      if (name !== undefined) names.set(kind, (names.get(kind) ?? new Set()).add(name));
    }
    for (const document of this.documents) {
      const { kind } = document;
      if (kind === undefined || this.kept.has(document) || !names.has(kind)) continue;
      const name = nameIn(document);
      if (name === undefined || names.get(kind)?.has(name)) this.kept.add(document);
    }
  }

  private read(document: TextDocument): Written | undefined {
    try {
      return writtenObject(parseYaml(textOf(document), true).value, this.options.defaultNamespace);
    } catch (error) {
      if (error instanceof YamlError) return undefined;
      throw error;
    }
  }
}
