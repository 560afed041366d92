import { createSecureContext } from 'node:tls';
import type { Clock } from '../../envoy/xds/clock.ts';
import type { KubeObject } from '../../kube/object.ts';
import { expiryOf } from '../../pki/validity.ts';
import type { ScopeLog } from '../../proxy/telemetry/log.ts';
import { Upkeep } from '../upkeep.ts';
import { rotate, type ServingCertificates } from './rotation.ts';
import { certificatesIn, secretData } from './secret.ts';

/** The Secret that all replicas share. */
export interface SecretStore {
  /** @throws KubeError 'AlreadyExists' */
  create(data: Record<string, string>): Promise<KubeObject>;
  /** @throws KubeError 'Conflict' where it is another version by now */
  update(secret: KubeObject, data: Record<string, string>): Promise<KubeObject>;
}

export interface CertificateKeeperSettings {
  secrets: SecretStore;
  dnsNames: readonly string[];
  clock: Clock;
  /** Whether this replica may change what is there. What is not there, any may make. */
  mayWrite(): boolean;
  /** Since when everybody who verifies trusts this certificate; undefined: not everybody does. */
  trustedSince(certificate: string): number | undefined;
  /** Others are served from now on, or others are to be trusted. */
  changed(certificates: ServingCertificates): void;
  /** New ones were made. */
  rotated(): void;
  log: ScopeLog;
}

/** How often certificates are looked at. */
const everyMs = 60_000;

/** Keeps the certificates of the webhooks: made by whichever replica is first, renewed by the one that leads, used by all. */
export class CertificateKeeper {
  private readonly settings: CertificateKeeperSettings;
  private readonly upkeep: Upkeep;
  private secret: KubeObject | undefined;
  private inSecret: ServingCertificates | undefined;
  private known: ServingCertificates | undefined;
  /** How often the cluster has told of the Secret. */
  private heard = 0;

  constructor(settings: CertificateKeeperSettings) {
    this.settings = settings;
    const { clock, log } = settings;
    this.upkeep = new Upkeep({ what: 'certificates of the webhooks', look: () => this.lookOnce(), everyMs, clock, log });
  }

  /** What is served; undefined: nothing yet. */
  get certificates(): ServingCertificates | undefined {
    return this.known;
  }

  /** The Secret as it is in the cluster now; undefined: there is none. */
  set(secret: KubeObject | undefined): void {
    this.heard++;
    if (secret === undefined || secret.metadata.resourceVersion !== this.secret?.metadata.resourceVersion) this.take(secret);
    this.look();
  }

  /** Looks whether anything is to be done: at the beginning, when this replica leads, when others trust something new. */
  look(): void {
    this.upkeep.look();
  }

  stop(): Promise<void> {
    return this.upkeep.stop();
  }

  private async lookOnce(): Promise<void> {
    const { secrets, mayWrite, trustedSince, dnsNames, clock, log } = this.settings;
    const { secret, heard } = this;
    if (secret && !mayWrite()) return;
    // A Secret that somebody deleted is made again with what is served.
    const known = secret ? this.inSecret : this.known;
    const nextTrustedSince = known?.next && trustedSince(known.next.certificate);
    const wanted = await rotate(known, { now: clock.now(), dnsNames, nextTrustedSince });
    if (secret && wanted === known) return;
    if (secret && !mayWrite()) return;
    const written = secret ? await secrets.update(secret, secretData(wanted)) : await secrets.create(secretData(wanted));
    log.info('certificates of the webhooks were made', {
      serving: new Date(expiryOf(wanted.serving.certificate)).toISOString(),
      authority: new Date(expiryOf(wanted.authority.certificate)).toISOString(),
    });
    this.settings.rotated();
    // What the cluster has told meanwhile counts: somebody may have changed or deleted what was just written.
    if (this.heard === heard) this.take(written);
  }

  private take(secret: KubeObject | undefined): void {
    this.secret = secret;
    this.inSecret = secret && certificatesIn(secret);
    const next = this.inSecret;
    if (!next || isSame(this.known, next) || !canServe(next)) return;
    this.known = next;
    this.settings.changed(next);
  }
}

function isSame(a: ServingCertificates | undefined, b: ServingCertificates): boolean {
  return a !== undefined && JSON.stringify(secretData(a)) === JSON.stringify(secretData(b));
}

/** Whether a TLS server takes it: a key of another certificate is one that somebody has written into the Secret. */
function canServe({ serving: { certificate, key } }: ServingCertificates): boolean {
  try {
    createSecureContext({ cert: certificate, key });
    return true;
  } catch {
    return false;
  }
}
