import type { TLSSocket } from 'node:tls';
import { loadEnvoyApi } from '../../envoy/proto/api.ts';
import { typeUrls } from '../../envoy/type-urls.ts';
import type { ClientStatus, TypeStatus } from '../../envoy/xds/client-status.ts';
import type { SecretSource } from '../../envoy/xds/proxy-secrets.ts';
import { quietGrpc } from '../../envoy/xds/quiet-grpc.ts';
import { type SecuredSettings, type Service, XdsServer, type XdsServerEvents } from '../../envoy/xds/server.ts';
import type { StreamProgress } from '../../envoy/xds/stream.ts';
import { Views } from '../../envoy/xds/views.ts';
import type { Origin, ProxyIdentity, RoutingTable } from '../../ir/table.ts';
import type { EndpointOverride } from '../../model/endpoint-overrides.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { JwksStore } from '../../proxy/security/jwks-store.ts';
import { realJwksStore } from '../../proxy/security/real-jwks-store.ts';
import type { ScopeLog } from '../../proxy/telemetry/log.ts';
import { keySources } from '../../translate/security/key-sources.ts';
import { routingTable, viewKey } from '../../translate/table.ts';
import { eventsLog } from './events-log.ts';
import { knownProxy, type MeshSource } from './known-proxy.ts';
import { WarnOnce } from './warn-once.ts';

export interface XdsServiceSettings {
  /** At this moment. */
  mesh(): Mesh;
  source: MeshSource;
  /** The object of a problem, as its user knows it. */
  describe(origin: Origin): string;
  overrides?: readonly EndpointOverride[];
  /** Authorities that are trusted beside those of the system where keys of issuers of tokens are fetched: PEM. */
  jwksRoots?: readonly string[];
  /** What tables name by `credentialName`; absent: it is not to be had, and what needs it is not served. */
  secrets?: SecretSource;
  /** Whether those get Secrets, too, who have proven nothing: where only who may read them anyway can connect. Default: no. */
  secretsInPlain?: boolean;
  /** Secrets of other namespaces than these are needed by nobody. */
  retainSecrets?(namespaces: ReadonlySet<string>): void;
  /** Who may call over connections that are safe; absent: there are none. */
  secured?: SecuredSettings;
  /** Further services for those who get everything in plain text. */
  services?: readonly Service[];
  /** A change is sent when there was none for `debounceMs`, and after `debounceMaxMs` in any case. */
  debounceMs: number;
  debounceMaxMs: number;
  log: ScopeLog;
  /** Beside what is logged. */
  events?: Partial<XdsServerEvents>;
  /** How long it took to make a table. */
  onTable?(milliseconds: number): void;
}

/** So long proxies may have to wait for a start: those of the control plane before had the keys of issuers. */
const keysMs = 3_000;

/** What only proxies had that are gone is forgotten after this time, in case they come back. */
const pruneMs = 10_000;

/** Serves proxies their part of a mesh that changes. */
export class XdsService {
  private readonly settings: XdsServiceSettings;
  private readonly views: Views;
  private readonly server: XdsServer;
  private readonly warnings: WarnOnce;
  /** Of issuers of tokens: proxies get them with their configuration. */
  private readonly keys: JwksStore;
  private pruning: NodeJS.Timeout | undefined;
  private closing = false;

  constructor(settings: XdsServiceSettings) {
    this.settings = settings;
    const { log, debounceMs, debounceMaxMs, events: others = {} } = settings;
    this.warnings = new WarnOnce((text) => log.warning(text));
    this.keys = realJwksStore({ tell: (text) => log.warning(text), changed: () => this.send() }, settings.jwksRoots);
    quietGrpc();
    const api = loadEnvoyApi();
    this.views = new Views({
      encode: (typeUrl, json) => api.encode(typeUrl, json),
      tableOf: (proxy) => this.served(proxy),
      onPatchProblem: (origin, message) => this.warnings.say([`${settings.describe(origin)}: ${message}`]),
      keyOf: (proxy) => viewKey(settings.mesh(), this.known(proxy)),
      jwks: (source) => this.keys.keys(source)?.text,
      ...(settings.secrets ? { secrets: settings.secrets } : {}),
    });
    const events = eventsLog(log);
    this.server = new XdsServer(this.views, {
      ...(settings.secured ? { secured: settings.secured } : {}),
      ...(settings.services ? { services: settings.services } : {}),
      ...(settings.secretsInPlain ? { secretsInPlain: true } : {}),
      debounceMs,
      debounceMaxMs: Math.max(debounceMs, debounceMaxMs),
      events: {
        connected: (peer) => {
          events.connected(peer);
          others.connected?.(peer);
        },
        refused: (peer, typeUrl, text) => {
          events.refused(peer, typeUrl, text);
          others.refused?.(peer, typeUrl, text);
        },
        secretsDenied: (peer, reason) => events.secretsDenied(peer, reason),
        disconnected: (peer, problem) => {
          if (this.closing) return;
          events.disconnected(peer, problem);
          others.disconnected?.(peer, problem);
          this.prune();
        },
      },
    });
  }

  /**
   * @param address `HOST:PORT`, port 0 for any that is free, or `unix:PATH`
   * @returns the port
   * @throws Error where the address cannot be had
   */
  async listen(address: string): Promise<number> {
    await this.ready();
    return this.server.listen(address);
  }

  /** What proxies are to have is there, as far as that can be waited for. */
  ready(): Promise<void> {
    this.retainKeys();
    return this.keys.settled(keysMs);
  }

  /** @returns what takes connections over whose TLS handshake is done */
  taker(): (socket: TLSSocket) => void {
    return this.server.taker();
  }

  /** The mesh is another one. */
  changed(): void {
    this.retainKeys();
    this.send();
  }

  /** There are other Secrets, or it is known which there are. */
  secretsChanged(): void {
    this.send();
  }

  private send(): void {
    this.settings.log.debug('what has changed is sent', { proxies: this.server.nodes().length });
    this.warnings.next();
    this.views.changed();
    this.server.changed();
  }

  /** Of the connected proxies. */
  statuses(): ClientStatus[] {
    return this.server.statuses();
  }

  /**
   * Names and versions of what a connected proxy is to have, by the URL of their type; nothing of Secrets.
   *
   * @param id of its node
   * @returns undefined where it is not connected
   */
  versionsFor(id: string): Record<string, Record<string, string>> | undefined {
    const client = this.server.statuses().find(({ node }) => node.id === id);
    if (!client) return undefined;
    const view = this.views.viewOf(client.node, client.variant);
    const versions = ({ typeUrl }: TypeStatus): [string, Record<string, string>] => [
      typeUrl,
      Object.fromEntries([...(view.resources(typeUrl) ?? [])].map(([name, { version }]) => [name, version])),
    ];
    return Object.fromEntries(client.types.filter(({ typeUrl }) => typeUrl !== typeUrls.secret).map(versions));
  }

  /** How far each of the connected proxies has come. */
  progress(): StreamProgress[] {
    return this.server.progress();
  }

  /** How often the mesh has changed. */
  get generation(): number {
    return this.views.generation;
  }

  /** How many proxies are connected. */
  get size(): number {
    return this.server.nodes().length;
  }

  /** @throws XdsRefusal for a gateway that nothing is known of */
  tableOf(proxy: ProxyIdentity): RoutingTable {
    return routingTable(this.settings.mesh(), this.known(proxy), { overrides: this.settings.overrides ?? [] });
  }

  /** Tells all proxies to go elsewhere, one after the other over `drainMs`, and ends. */
  async close({ drainMs = 0 }: { drainMs?: number } = {}): Promise<void> {
    this.closing = true;
    clearTimeout(this.pruning);
    this.keys.close();
    await this.server.close({ drainMs });
  }

  private retainKeys(): void {
    this.keys.retain(keySources(this.settings.mesh()));
  }

  private known(proxy: ProxyIdentity): ProxyIdentity {
    return knownProxy(proxy, this.settings.mesh(), this.settings.source);
  }

  private served(proxy: ProxyIdentity): RoutingTable {
    const began = performance.now();
    const table = this.tableOf(proxy);
    this.settings.onTable?.(performance.now() - began);
    this.warnings.sayOf(table.statuses, () => table.statuses.map(({ origin, message }) => `${this.settings.describe(origin)}: ${message}`));
    return table;
  }

  private prune(): void {
    this.pruning ??= setTimeout(() => {
      this.pruning = undefined;
      this.views.prune(this.server.nodes());
      this.settings.retainSecrets?.(this.views.secretNamespaces());
    }, pruneMs);
  }
}
