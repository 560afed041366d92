// The authority of the mesh with everything that makes its certificates of use: the roots in every namespace, the service that signs,
// and the door with TLS where that service and the configuration are.
import { systemClock, wallClock } from '../../envoy/xds/clock.ts';
import type { SecuredSettings } from '../../envoy/xds/server.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import { signingHandlers, signingService } from '../../pki/signing/service.ts';
import type { ScopeLog } from '../../proxy/telemetry/log.ts';
import type { SecretStore } from '../certificates/certificate-keeper.ts';
import { admission } from './admission.ts';
import { AuthorityKeeper, type AuthorityState } from './authority-keeper.ts';
import { Callers } from './caller.ts';
import { Door, type DoorCertificates } from './door.ts';
import { ReviewQueue } from './review-queue.ts';
import type { RootTimes } from './root-rotation.ts';
import type { OtherControlPlane } from './roots-owner.ts';
import { RootsPublisher } from './roots-publisher.ts';
import { ServingCertificate } from './serving-certificate.ts';
import { reviewToken } from './token-review.ts';

/** The Secret of the root that is made here, and the one of a user's intermediate; as those of the reference. */
export const rootSecretName = 'istio-ca-secret';
export const pluggedSecretName = 'cacerts';

export interface MeshAuthoritySettings {
  client: KubeClient;
  secrets: SecretStore;
  istioNamespace: string;
  dnsNames: readonly string[];
  labels: Readonly<Record<string, string>>;
  times: RootTimes;
  /** Of certificates of workloads, at most. */
  maxLifetimeMs: number;
  trustDomain(): string;
  aliases(): readonly string[];
  mayWrite(): boolean;
  /** All namespaces, and the ConfigMaps with roots by `namespace/name`. */
  namespaces(): Iterable<KubeObject>;
  rootsMaps(): ReadonlyMap<string, KubeObject>;
  rootsMapKey(namespace: string): string;
  /** All that have a Service in the cluster. */
  controlPlanes(): readonly OtherControlPlane[];
  /** Service account of a pod; undefined: there is none of this name. */
  accountOf(namespace: string, pod: string): string | undefined;
  signed(): void;
  refused(): void;
  log: ScopeLog;
}

/** Peers that are refused are named so often at most, in milliseconds: who knocks for ever does not fill the log. */
const refusalLogMs = 10_000;

export class MeshAuthority {
  readonly keeper: AuthorityKeeper;
  /** For the server of configuration. */
  readonly secured: SecuredSettings;
  private readonly settings: MeshAuthoritySettings;
  private readonly publisher: RootsPublisher;
  private readonly serving: ServingCertificate;
  private door: Door | undefined;
  private certificates: DoorCertificates | undefined;
  private ready: (() => void) | undefined;
  private refusals = { at: Number.NEGATIVE_INFINITY, more: 0 };

  constructor(settings: MeshAuthoritySettings) {
    this.settings = settings;
    const { client, log, istioNamespace, trustDomain, aliases, mayWrite, labels } = settings;
    const failed = (error: unknown): void => log.error(`the certificate of the control plane could not be made: ${(error as Error).message}`);
    this.serving = new ServingCertificate(settings.dnsNames, wallClock, (certificates) => this.serve(certificates), failed);
    this.keeper = new AuthorityKeeper({
      secrets: settings.secrets,
      clock: wallClock,
      times: settings.times,
      mayWrite,
      changed: (state) => this.changed(state, failed),
      log,
    });
    this.publisher = new RootsPublisher({
      ownNamespace: istioNamespace,
      controlPlanes: settings.controlPlanes,
      namespaces: () => this.living(),
      inNamespace: (namespace) => settings.rootsMaps().get(settings.rootsMapKey(namespace)),
      apply: (object) => client.apply(object, { fieldManager: 'weft-controller', force: true }),
      labels,
      mayWrite,
      clock: systemClock,
      log,
    });
    const reviews = new ReviewQueue((token) => reviewToken(client, token));
    const callers = new Callers({ trustDomain, aliases, review: (token) => reviews.of(token) });
    const refused = (peer: string, problem: string): void => this.refuse(peer, problem);
    this.secured = {
      ...admission({ callers, istioNamespace, accountOf: settings.accountOf, refused }),
      services: [
        {
          definition: signingService,
          handlers: signingHandlers({
            callerOf: (call) => callers.withToken(call),
            authority: () => this.keeper.state?.authority,
            roots: () => this.keeper.state?.roots ?? '',
            longestMs: settings.maxLifetimeMs,
            now: () => wallClock.now(),
            signed: ({ spiffeId }, expiresAt) => {
              settings.signed();
              log.debug('a certificate was signed', { for: spiffeId, until: new Date(expiresAt).toISOString() });
            },
            refused,
          }),
        },
      ],
    };
  }

  /** The Secrets were read, or are not there. Resolves when there are certificates to serve with. */
  async start(): Promise<void> {
    const ready = new Promise<void>((resolve) => {
      this.ready = resolve;
    });
    this.keeper.start();
    if (!this.certificates) await ready;
  }

  /**
   * @param taken gets the connections
   * @returns the port
   * @throws the system's error where the address cannot be had
   */
  async listen(port: number, host: string, taken: ConstructorParameters<typeof Door>[0]['taken']): Promise<number> {
    if (!this.certificates) throw new Error('there are no certificates yet');
    this.door = new Door({ taken, refused: (peer, problem) => this.refuse(peer, `no handshake: ${problem}`) }, this.certificates);
    return this.door.listen(port, host);
  }

  /** Namespaces, ConfigMaps or Services of control planes have changed. */
  look(): void {
    this.publisher.look();
  }

  /** This replica leads now. */
  lead(): void {
    this.keeper.look();
    this.publisher.look();
  }

  async stop(): Promise<void> {
    this.door?.close();
    this.serving.stop();
    await Promise.all([this.keeper.stop(), this.publisher.stop()]);
  }

  private changed(state: AuthorityState, failed: (error: unknown) => void): void {
    this.publisher.publish(state.roots);
    this.serving.make(state).catch(failed);
  }

  private serve(certificates: DoorCertificates): void {
    this.certificates = certificates;
    this.door?.setCertificates(certificates);
    this.ready?.();
  }

  private *living(): Generator<string> {
    for (const { metadata } of this.settings.namespaces()) if (metadata.deletionTimestamp === undefined && metadata.name) yield metadata.name;
  }

  private refuse(peer: string, problem: string): void {
    const { log, refused } = this.settings;
    refused();
    const now = systemClock.now();
    if (now - this.refusals.at < refusalLogMs) {
      this.refusals.more++;
      return;
    }
    log.warning(`a caller was refused: ${problem}`, { peer, ...(this.refusals.more > 0 ? { more: this.refusals.more } : {}) });
    this.refusals = { at: now, more: 0 };
  }
}
