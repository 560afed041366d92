import { Debounce, systemClock } from '../envoy/xds/clock.ts';
import type { KubeObject } from '../kube/object.ts';
import { defaultMeshConfig } from '../model/mesh-config.ts';
import { loadChecks } from '../pipeline/check-resource.ts';
import type { AdminServer } from '../proxy/admin/http-server.ts';
import type { ScopeLog } from '../proxy/telemetry/log.ts';
import { type MeshAuthority, pluggedSecretName, rootSecretName } from './authority/mesh-authority.ts';
import { controlPlaneOf } from './authority/roots-owner.ts';
import { rootsConfigMap } from './authority/roots-publisher.ts';
import type { CertificateKeeper } from './certificates/certificate-keeper.ts';
import { caBundleOf, type ServingCertificates } from './certificates/rotation.ts';
import type { TrustPublisher } from './certificates/trust-publisher.ts';
import { ClusterDistribution } from './distribution/cluster-distribution.ts';
import type { LeaseElection } from './election/lease-election.ts';
import { judgedText } from './judged-text.ts';
import { MeshConfiguration } from './mesh-config.ts';
import { MeshState } from './mesh-state.ts';
import { ControllerMetrics } from './monitoring/metrics.ts';
import type { Phase, Replica } from './monitoring/replica.ts';
import { bugText, makeAuthority, makeElection, makeKeeper, makeMonitoring, makePublisher, makeSecrets, makeWatches, makeWebhooks, makeXds } from './parts.ts';
import type { GatewaySecrets } from './secrets/gateway-secrets.ts';
import type { ControllerSettings } from './settings.ts';
import { StatusKeeper } from './status/status-keeper.ts';
import { Outages } from './watch/outages.ts';
import { meshKinds, webhookKinds } from './watch/watched-kinds.ts';
import type { Watched, Watches } from './watch/watches.ts';
import { PodInjector } from './webhook/injection.ts';
import type { WebhookServer } from './webhook/server.ts';
import type { XdsService } from './xds/xds-service.ts';

/** Ports that the system gave. */
export interface ControllerPorts {
  /** Undefined: there is none in plain text. */
  xds: number | undefined;
  secure: number;
  webhook: number;
  monitoring: number;
}

/** However fast changes come, the mesh is made anew this often. */
const debounceMaxMs = 10_000;
/** Proxies are told one after the other to go elsewhere, over this time. */
const drainMs = 5_000;

/** The control plane in a cluster: it watches the cluster, configures proxies, and answers the API server's webhooks. */
export class Controller {
  private readonly settings: ControllerSettings;
  private readonly metrics = new ControllerMetrics();
  private readonly state: MeshState;
  private readonly configuration: MeshConfiguration;
  private readonly xds: XdsService;
  private readonly authority: MeshAuthority;
  private readonly secrets: GatewaySecrets;
  private readonly watches: Watches;
  private readonly outages: Outages;
  private readonly debounce: Debounce;
  private readonly election: LeaseElection | undefined;
  private readonly keeper: CertificateKeeper;
  private readonly publisher: TrustPublisher;
  private readonly statuses: StatusKeeper | undefined = undefined;
  private readonly distribution: ClusterDistribution;
  private servingSince: number | undefined;
  private readonly injector = new PodInjector();
  private readonly monitoring: AdminServer;
  private webhooks: WebhookServer | undefined;
  private phase: Phase = 'starting';
  private injectorMap: KubeObject | undefined;
  private certified: (() => void) | undefined;

  /** Loads what it needs; nothing is asked of the cluster yet. */
  static async create(settings: ControllerSettings): Promise<Controller> {
    const { revision, istioNamespace } = settings;
    const options = {
      assume: 'complete' as const,
      istioNamespace,
      // In a cluster there are the pods themselves.
      templates: false,
      knownHosts: [],
      // Replicas that have heard of things in another order serve the same.
      order: 'name' as const,
      now: new Date(),
      meshConfig: defaultMeshConfig(istioNamespace),
    };
    return new Controller(settings, new MeshState({ revision, check: await loadChecks(meshKinds), options }));
  }

  private constructor(settings: ControllerSettings, state: MeshState) {
    this.settings = settings;
    this.state = state;
    this.debounce = new Debounce(systemClock, settings.debounceMs, Math.max(settings.debounceMs, debounceMaxMs), () => this.commit());
    this.outages = new Outages(this.log('watch'));
    const { metrics, injector } = this;
    const configuration = new MeshConfiguration({
      istioNamespace: settings.istioNamespace,
      name: settings.names.meshConfig,
      state,
      metrics,
      changed: () => this.debounce.changed(),
      log: this.log('mesh'),
    });
    const mayWrite = (): boolean => this.phase !== 'stopping' && (this.election?.leads ?? true);
    const watches = makeWatches(settings, {
      changed: (watched, namespace, name, object) => this.changed(watched, namespace, name, object),
      problem: ({ kind }, error) => {
        metrics.count('weft_watch_outages_total', [kind]);
        this.outages.add(kind, error);
      },
    });
    const election = settings.leaderElection ? makeElection(settings, (leads) => this.lead(leads)) : undefined;
    const authority = makeAuthority(settings, state, watches, metrics, mayWrite);
    const startedAt = Date.now();
    const distribution: ClusterDistribution = new ClusterDistribution({
      settings,
      state,
      watches,
      streams: () => this.xds.progress(),
      startedAt,
      servingSince: () => this.servingSince,
    });
    const secrets = makeSecrets(settings, state, metrics, () => this.xds.secretsChanged());
    const xds = makeXds(settings, state, metrics, authority.secured, distribution, secrets);
    const publisher = makePublisher(settings, watches, metrics, mayWrite);
    const keeper = makeKeeper(settings, metrics, {
      mayWrite,
      trustedSince: (certificate) => publisher.trustedSince(certificate),
      changed: (certificates) => {
        this.webhooks?.setCertificate(certificates.serving);
        publisher.publish(caBundleOf(certificates));
        this.certified?.();
      },
    });
    const store = (kind: string): ReadonlyMap<string, KubeObject> => watches.store(kind);
    const { client, revision } = settings;
    const log = this.log('status');
    if (settings.statusConditions) this.statuses = new StatusKeeper({ client, revision, state, store, mayWrite, clock: systemClock, metrics, log });
    const proxies = (): number => xds.size;
    const phase = (): Phase => this.phase;
    const configProblem = (): string | undefined => configuration.problem;
    const replica: Replica = {
      settings,
      watches,
      keeper,
      authority: authority.keeper,
      secrets,
      injector,
      election,
      state,
      startedAt,
      phase,
      proxies,
      configProblem,
    };
    this.monitoring = makeMonitoring(replica, xds, distribution, metrics);
    this.configuration = configuration;
    this.distribution = distribution;
    this.xds = xds;
    this.authority = authority;
    this.secrets = secrets;
    this.watches = watches;
    this.election = election;
    this.publisher = publisher;
    this.keeper = keeper;
  }

  /**
   * Serves once the whole cluster was read, however long that takes.
   *
   * @throws the system's error where an address cannot be had
   */
  async start(): Promise<ControllerPorts> {
    const { bind, monitoringPort, webhookPort, securePort, xdsAddress } = this.settings;
    const { state, injector, metrics, watches } = this;
    const monitoring = await this.monitoring.listen(monitoringPort, bind);
    this.watches.start();
    this.election?.start();
    await this.watches.synced;
    if (!this.injectorMap) this.configureInjector(undefined);
    await this.configuration.begin();
    this.commit();
    const { serving } = await this.firstCertificates();
    await this.authority.start();
    this.webhooks = makeWebhooks(this.settings, serving, { state, injector, metrics, nodes: () => watches.store('Node').values() });
    const webhook = await this.webhooks.listen(webhookPort, bind);
    const xds = xdsAddress === undefined ? undefined : await this.xds.listen(xdsAddress);
    await this.xds.ready();
    const secure = await this.authority.listen(securePort, bind, this.xds.taker());
    this.phase = 'serving';
    this.servingSince = Date.now();
    this.lookAtStatuses();
    return { xds, secure, webhook: webhook.port, monitoring: monitoring.port };
  }

  /**
   * Gives the Lease up, tells proxies to go elsewhere, answers what is under way, and ends.
   *
   * @param answerMs how long webhooks are answered in any case: the cluster takes a moment to send nobody here any more
   */
  async stop(answerMs = 0): Promise<void> {
    const wasServing = this.phase === 'serving';
    this.phase = 'stopping';
    this.statuses?.stop();
    const late = new Promise<void>((resolve) => setTimeout(resolve, wasServing ? answerMs : 0));
    await Promise.all([late, this.election?.stop(), this.keeper.stop(), this.publisher.stop(), this.authority.stop(), this.xds.close({ drainMs })]);
    this.debounce.stop();
    this.watches.stop();
    this.outages.stop();
    this.secrets.stop();
    await this.webhooks?.close(drainMs);
    await this.monitoring.close();
    this.metrics.close();
  }

  /** How many proxies are connected. */
  get proxies(): number {
    return this.xds.size;
  }

  /** Of the mesh. */
  get resources(): number {
    return this.state.isReady ? this.state.mesh.size : 0;
  }

  private log(scope: string): ScopeLog {
    return this.settings.log.scope(scope);
  }

  private changed(watched: Watched, namespace: string, name: string, object: KubeObject | undefined): void {
    this.metrics.count('weft_watch_events_total', [watched.kind]);
    if (watched.kind === 'Secret') this.secretChanged(watched.name, object);
    else if (watched.name === rootsConfigMap) this.authority.look();
    else if (webhookKinds.includes(watched.kind)) this.publisher.look();
    else if (watched.kind !== 'ConfigMap') this.take(watched.kind, namespace, name, object);
    else if (watched.name === this.settings.names.injector) this.configureInjector(object);
    else this.configuration.set(object);
  }

  private secretChanged(name: string | undefined, secret: KubeObject | undefined): void {
    if (name === rootSecretName) this.authority.keeper.setRoot(secret);
    else if (name === pluggedSecretName) this.authority.keeper.setPlugged(secret);
    else this.keeper.set(secret);
  }

  /** An object of the mesh. */
  private take(kind: string, namespace: string, name: string, object: KubeObject | undefined): void {
    try {
      const judged = this.state.set(kind, namespace, name, object);
      if (judged) this.log('mesh')[judged.isLeftOut || judged.verdict.errors.length > 0 ? 'warning' : 'info'](judgedText(judged));
    } catch (error) {
      // One object must not take the control plane from all others.
      this.log('mesh').error(`${kind} ${namespace}/${name} is left out. ${bugText(error)}`);
      this.state.set(kind, namespace, name, undefined);
    }
    this.statuses?.touch(kind, namespace, name);
    this.distribution.changed(kind, namespace, name, object);
    if (kind === 'Namespace' || (kind === 'Service' && controlPlaneOf(namespace, name))) this.authority.look();
    if (this.state.isReady) this.debounce.changed();
  }

  private configureInjector(map: KubeObject | undefined): void {
    this.injectorMap = map;
    const { istioNamespace, names } = this.settings;
    if (this.injector.configure(map)) {
      this.log('injection').info('the injection configuration is in force', { configMap: names.injector });
      return;
    }
    if (!map && !this.injector.isConfigured) {
      this.log('injection').info(`there is no ConfigMap ${istioNamespace}/${names.injector}: no pod is injected`);
      return;
    }
    this.metrics.count('weft_injection_config_rejected_total');
    const after = this.injector.isConfigured ? 'and the one before goes on' : 'and no pod can be injected';
    this.log('injection').error(`the injection configuration in ConfigMap ${istioNamespace}/${names.injector} is refused, ${after}: ${this.injector.problem}`);
  }

  private commit(): void {
    const isFirst = !this.state.isReady;
    const began = performance.now();
    const count = this.state.commit();
    if (count > 0 || isFirst) {
      this.metrics.time('weft_mesh_commit_milliseconds', performance.now() - began);
      this.metrics.count('weft_mesh_commits_total');
      this.metrics.count('weft_mesh_changes_total', [], count);
    }
    if (isFirst) return;
    if (count > 0) {
      this.log('mesh').debug('the mesh has changed', { changes: count });
      this.xds.changed();
    }
    this.distribution.committed(this.xds.generation);
    this.lookAtStatuses();
  }

  /** Tables are made for it: what goes wrong there must not end the control plane, which serves others. */
  private lookAtStatuses(): void {
    try {
      this.statuses?.look();
    } catch (error) {
      this.log('status').error(bugText(error));
    }
  }

  private lead(leads: boolean): void {
    this.metrics.count('weft_leader_changes_total');
    this.log('election').info(leads ? 'this replica leads' : 'this replica does not lead any more', { identity: this.settings.identity });
    this.statuses?.lead(leads);
    if (!leads) return;
    this.keeper.look();
    this.publisher.look();
    this.authority.lead();
  }

  /** The Secret was read: they are there, or made now. */
  private async firstCertificates(): Promise<ServingCertificates> {
    for (;;) {
      const { certificates } = this.keeper;
      if (certificates) return certificates;
      const made = new Promise<void>((resolve) => {
        this.certified = resolve;
      });
      this.keeper.look();
      await made;
    }
  }
}
