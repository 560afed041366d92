// The parts of a controller, each with what it needs of the others.
import { systemClock, wallClock } from '../envoy/xds/clock.ts';
import { controlPlane } from '../envoy/xds/control-plane-server.ts';
import type { SecuredSettings } from '../envoy/xds/server.ts';
import { trustDomainOf } from '../model/mesh-config.ts';
import type { KeyPair } from '../pki/pem.ts';
import type { AdminServer } from '../proxy/admin/http-server.ts';
import { MeshAuthority, pluggedSecretName, rootSecretName } from './authority/mesh-authority.ts';
import { controlPlaneOf } from './authority/roots-owner.ts';
import { rootsConfigMap } from './authority/roots-publisher.ts';
import { CertificateKeeper, type CertificateKeeperSettings } from './certificates/certificate-keeper.ts';
import { secretStore } from './certificates/secret-store.ts';
import { TrustPublisher } from './certificates/trust-publisher.ts';
import type { ClusterDistribution } from './distribution/cluster-distribution.ts';
import { LeaseElection } from './election/lease-election.ts';
import { leasesOf } from './election/leases.ts';
import type { MeshState } from './mesh-state.ts';
import type { ControllerMetrics } from './monitoring/metrics.ts';
import { aboutReplica, factsOf, missingOf, type Replica } from './monitoring/replica.ts';
import { monitoringServer } from './monitoring/server.ts';
import { GatewaySecrets } from './secrets/gateway-secrets.ts';
import type { ControllerSettings } from './settings.ts';
import { meshKinds, webhookKinds } from './watch/watched-kinds.ts';
import { type WatchEvents, type Watched, Watches } from './watch/watches.ts';
import { type WebhookParts, webhookHandlers } from './webhook/handlers.ts';
import { WebhookServer } from './webhook/server.ts';
import { XdsService } from './xds/xds-service.ts';

/** Who owns the fields that the controller writes. */
const fieldManager = 'weft-controller';

export function makeElection({ client, istioNamespace, names, identity, revision, log }: ControllerSettings, changed: (leads: boolean) => void): LeaseElection {
  return new LeaseElection({
    leases: leasesOf(client, istioNamespace, names.controller, labelsOf(revision)),
    identity,
    clock: systemClock,
    changed,
    problem: (error) => log.scope('election').warning(`the Lease cannot be had: ${(error as Error).message}`),
  });
}

export function makeAuthority(
  settings: ControllerSettings,
  state: MeshState,
  watches: Watches,
  metrics: ControllerMetrics,
  mayWrite: () => boolean,
): MeshAuthority {
  const { client, istioNamespace, names, clusterDomain, rootTimes, maxWorkloadLifetimeMs, log } = settings;
  // All revisions have one authority.
  const labels = { 'app.kubernetes.io/managed-by': 'weft-controller' };
  return new MeshAuthority({
    client,
    secrets: secretStore(client, istioNamespace, rootSecretName, labels),
    istioNamespace,
    dnsNames: dnsNames(names.controller, istioNamespace, clusterDomain),
    labels,
    times: rootTimes,
    maxLifetimeMs: maxWorkloadLifetimeMs,
    trustDomain: () => trustDomainOf(state.mesh.meshConfig),
    aliases: () => state.mesh.meshConfig.trustDomainAliases ?? [],
    mayWrite,
    namespaces: () => watches.store('Namespace').values(),
    rootsMaps: () => watches.storeOf('ConfigMap', rootsConfigMap),
    rootsMapKey: (namespace) => `${namespace}/${rootsConfigMap}`,
    controlPlanes: () => [...watches.store('Service').values()].flatMap(({ metadata }) => controlPlaneOf(metadata.namespace ?? '', metadata.name ?? '') ?? []),
    accountOf(namespace, name) {
      const pod = state.mesh.find('Pod', namespace, name);
      return pod && (pod.spec.serviceAccountName || 'default');
    },
    signed: () => metrics.count('weft_certificates_signed_total'),
    refused: () => metrics.count('weft_callers_refused_total'),
    log: log.scope('authority'),
  });
}

export function makeXds(
  { log, jwksRoots }: ControllerSettings,
  state: MeshState,
  metrics: ControllerMetrics,
  secured: SecuredSettings,
  distribution: ClusterDistribution,
  secrets: GatewaySecrets,
): XdsService {
  return new XdsService({
    secured,
    secrets,
    retainSecrets: (namespaces) => secrets.retain(namespaces),
    services: [controlPlane(distribution)],
    ...(jwksRoots ? { jwksRoots } : {}),
    mesh: () => state.mesh,
    source: 'cluster',
    describe: ({ kind, namespace, name }) => `${kind.slice(kind.indexOf('/') + 1)} ${namespace}/${name}`,
    // Changes were held back until they came to rest.
    debounceMs: 0,
    debounceMaxMs: 0,
    log: log.scope('xds'),
    events: {
      connected: (peer) => {
        metrics.count('weft_xds_connections_total', [peer.variant]);
        distribution.absent.connected(peer);
      },
      disconnected: (peer) => distribution.absent.disconnected(peer),
      refused: (_, typeUrl) => metrics.count('weft_xds_rejects_total', [typeUrl.slice(typeUrl.lastIndexOf('.') + 1)]),
    },
    onTable(milliseconds) {
      metrics.count('weft_xds_tables_total');
      metrics.time('weft_xds_table_milliseconds', milliseconds);
    },
  });
}

export function makeSecrets({ client, log }: ControllerSettings, state: MeshState, metrics: ControllerMetrics, changed: () => void): GatewaySecrets {
  return new GatewaySecrets({
    client,
    mesh: () => state.mesh,
    changed,
    unreadable: () => metrics.count('weft_watch_outages_total', ['Secret']),
    log: log.scope('secrets'),
  });
}

export function makeWatches({ client, istioNamespace: namespace, names, log }: ControllerSettings, events: WatchEvents): Watches {
  const watched: Watched[] = [...meshKinds, ...webhookKinds].map((kind) => ({ kind }));
  for (const name of [names.meshConfig, names.injector]) watched.push({ kind: 'ConfigMap', namespace, name });
  watched.push({ kind: 'ConfigMap', name: rootsConfigMap });
  for (const name of [names.servingCertificate, rootSecretName, pluggedSecretName]) watched.push({ kind: 'Secret', namespace, name });
  return new Watches(client, watched, events, (problem) => log.scope('watch').warning(problem));
}

export function makePublisher(settings: ControllerSettings, watches: Watches, metrics: ControllerMetrics, mayWrite: () => boolean): TrustPublisher {
  const { client, istioNamespace: namespace, names, log } = settings;
  return new TrustPublisher({
    service: { namespace, name: names.controller },
    configurations: () => webhookKinds.flatMap((kind) => [...watches.store(kind).values()]),
    async patch({ apiVersion, kind, metadata }, patch) {
      await client.patch({ apiVersion, kind, name: metadata.name ?? '' }, patch, { type: 'json', fieldManager });
    },
    mayWrite,
    clock: systemClock,
    published: () => metrics.count('weft_webhook_patches_total'),
    log: log.scope('certificates'),
  });
}

export function makeKeeper(
  { client, istioNamespace, names, clusterDomain, revision, log }: ControllerSettings,
  metrics: ControllerMetrics,
  hooks: Pick<CertificateKeeperSettings, 'mayWrite' | 'trustedSince' | 'changed'>,
): CertificateKeeper {
  return new CertificateKeeper({
    secrets: secretStore(client, istioNamespace, names.servingCertificate, labelsOf(revision)),
    dnsNames: dnsNames(names.controller, istioNamespace, clusterDomain),
    clock: wallClock,
    rotated: () => metrics.count('weft_certificate_rotations_total'),
    log: log.scope('certificates'),
    ...hooks,
  });
}

export function makeWebhooks(settings: ControllerSettings, certificate: KeyPair, parts: Omit<WebhookParts, 'log'>): WebhookServer {
  const log = settings.log.scope('webhook');
  return new WebhookServer(
    {
      handlers: webhookHandlers({ ...parts, log }),
      refused(path, problem) {
        parts.metrics.count('weft_webhook_bad_requests_total');
        log.warning(`a request was refused: ${problem}`, { path });
      },
      failed: (path, error) => log.error(bugText(error), { path }),
    },
    certificate,
  );
}

export function makeMonitoring(replica: Replica, xds: XdsService, distribution: ClusterDistribution, metrics: ControllerMetrics): AdminServer {
  const { settings, watches, state } = replica;
  return monitoringServer({
    version: settings.version,
    state,
    xds,
    distribution,
    watches: () => watches.states(),
    controller: () => aboutReplica(replica),
    metrics: () => metrics.families(factsOf(replica)),
    notReady: () => missingOf(replica),
    failed: (error) => settings.log.error(bugText(error)),
  });
}

/** Of a mistake that is ours: with its place. */
export function bugText(error: unknown): string {
  return `this is a bug in weft: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

/** Of what the controller itself makes. */
function labelsOf(revision: string): Record<string, string> {
  return { 'app.kubernetes.io/managed-by': 'weft-controller', 'istio.io/rev': revision };
}

/** Names by which the API server, and others, call the webhooks. */
function dnsNames(service: string, namespace: string, clusterDomain: string): string[] {
  return [`${service}.${namespace}.svc`, `${service}.${namespace}.svc.${clusterDomain}`, `${service}.${namespace}`, service];
}
