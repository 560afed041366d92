import type { Clock } from '../../envoy/xds/clock.ts';
import type { KubeObject } from '../../kube/object.ts';
import { decodedData } from '../../kube/secret-data.ts';
import { type Authority, pluggedAuthority, rootAuthority } from '../../pki/authority.ts';
import { certificatesOf, trustBundle } from '../../pki/pem.ts';
import type { ScopeLog } from '../../proxy/telemetry/log.ts';
import type { SecretStore } from '../certificates/certificate-keeper.ts';
import { Upkeep } from '../upkeep.ts';
import { type RootState, type RootTimes, rootSecretData, rootStateIn, rootsOf, rotateRoot } from './root-rotation.ts';

/** What signs, and what is to be trusted. */
export interface AuthorityState {
  authority: Authority;
  /** PEM; with the root before and the one to come. */
  roots: string;
  /** The user has brought it. */
  plugged: boolean;
}

export interface AuthorityKeeperSettings {
  /** The Secret with the root that is made here. */
  secrets: SecretStore;
  clock: Clock;
  times: RootTimes;
  /** Whether this replica may change what is there. What is not there, any may make. */
  mayWrite(): boolean;
  /** It is another one, or others are to be trusted. */
  changed(state: AuthorityState): void;
  log: ScopeLog;
}

/** How often it is looked whether a root is to be renewed; milliseconds. */
const mostMs = 60_000;
const leastMs = 1_000;
/** Another authority signs when its roots were published for so long: kubelets renew files of pods every minute or two. */
const publishedMs = 10 * 60 * 1000;

/**
 * The authority of the mesh: the intermediate that a user has put into the Secret `cacerts`, else a root that whichever replica is first
 * makes, the one that leads renews, and all use.
 */
export class AuthorityKeeper {
  private readonly settings: AuthorityKeeperSettings;
  private readonly upkeep: Upkeep;
  /** The Secret of the root that is made here; undefined: there is none. */
  private secret: KubeObject | undefined;
  private root: RootState | undefined;
  /** The Secret has it. */
  private isWritten = false;
  /** How often the cluster has told of that Secret. */
  private heard = 0;
  /** The user's. `problem`: why it cannot be used. */
  private plugged: { authority?: Authority; problem?: string } | undefined;
  private known: AuthorityState | undefined;
  /** The certificate of an authority that is to sign, and since when its roots are published. */
  private coming: { certificate: string; since: number } | undefined;
  /** Roots of authorities that do not sign any more. */
  private former: { roots: string; until: number }[] = [];
  private started = false;

  constructor(settings: AuthorityKeeperSettings) {
    this.settings = settings;
    const { clock, log, times } = settings;
    const everyMs = Math.max(leastMs, Math.min(mostMs, times.overlapMs / 4));
    this.upkeep = new Upkeep({ what: 'the authority of the mesh', look: () => this.lookOnce(), everyMs, clock, log });
  }

  /** Undefined: none yet. */
  get state(): AuthorityState | undefined {
    return this.known;
  }

  /** Why the user's authority is not in use; undefined: it is, or there is none. */
  get problem(): string | undefined {
    return this.plugged?.problem;
  }

  /** Both Secrets were read, or are not there. */
  start(): void {
    this.started = true;
    this.look();
  }

  /** The Secret of the root as it is in the cluster now; undefined: there is none. */
  setRoot(secret: KubeObject | undefined): void {
    this.heard++;
    this.secret = secret;
    const found = secret && rootStateIn(secret.data);
    // What somebody deleted or broke is written again: another root in its place would part the mesh.
    this.isWritten = found !== undefined;
    if (found) this.root = found;
    this.look();
  }

  /** The Secret `cacerts` as it is in the cluster now; undefined: there is none. */
  setPlugged(secret: KubeObject | undefined): void {
    this.plugged = secret && this.readPlugged(secret);
    this.look();
  }

  /** Looks whether anything is to be done. */
  look(): void {
    if (this.started) this.upkeep.look();
  }

  stop(): Promise<void> {
    return this.upkeep.stop();
  }

  private readPlugged(secret: KubeObject): NonNullable<AuthorityKeeper['plugged']> {
    const { 'ca-cert.pem': certificate = '', 'ca-key.pem': key = '', 'cert-chain.pem': chain = '', 'root-cert.pem': roots = '' } = decodedData(secret.data);
    try {
      return { authority: pluggedAuthority({ certificate, key, chain, roots }, this.settings.clock.now()) };
    } catch (error) {
      const problem = `Secret ${secret.metadata.namespace}/${secret.metadata.name}: ${(error as Error).message}`;
      // Another authority in its place would part the mesh: who trusts the user's root does not trust ours.
      const { log } = this.settings;
      log.error(`${problem}; ${this.known ? 'the authority before goes on' : 'no certificates are given out before it is repaired'}`);
      return { problem };
    }
  }

  private async lookOnce(): Promise<void> {
    const { clock, times, mayWrite, secrets, log } = this.settings;
    if (this.plugged) {
      const { authority } = this.plugged;
      if (authority) this.change({ authority, roots: trustBundle([authority.roots, ...this.earlierRoots()], clock.now()), plugged: true });
      return;
    }
    const { secret, root, heard } = this;
    const wanted = !secret || mayWrite() ? await rotateRoot(root, clock.now(), times) : root;
    if (wanted && (wanted !== this.root || !this.isWritten) && (!secret || mayWrite())) {
      const data = rootSecretData(wanted);
      const signs = this.root?.authority.certificate === wanted.authority.certificate ? 'the same' : 'new';
      const written = secret ? await secrets.update(secret, data) : await secrets.create(data);
      log.info('the root of the mesh was written', { signing: signs, next: wanted.next !== undefined });
      if (this.root === root) this.root = wanted;
      // What the cluster has told meanwhile counts: somebody may have broken or deleted what was just written.
      if (this.heard === heard) {
        this.secret = written;
        this.isWritten = true;
      }
    }
    if (this.root) this.change({ authority: rootAuthority(this.root.authority), roots: rootsOf(this.root, clock.now()), plugged: false });
  }

  /** Of the root that was made here before a user plugged one in: what it signed is still in use. */
  private earlierRoots(): string[] {
    return this.root ? [this.root.authority.certificate] : [];
  }

  /** From one authority to another, so that whoever sees a certificate of the new one has had the time to learn its roots. */
  private change(wanted: AuthorityState): void {
    const { known } = this;
    const { clock, times, log } = this.settings;
    const now = clock.now();
    const { certificate } = wanted.authority.pair;
    // The times of roots that are made here are kept in their Secret.
    if (known && known.authority.pair.certificate !== certificate && (known.plugged || wanted.plugged)) {
      const isTrusted = certificatesOf(wanted.authority.roots).every((root) => known.roots.includes(root));
      if (this.coming?.certificate !== certificate) {
        this.coming = { certificate, since: isTrusted ? Number.NEGATIVE_INFINITY : now };
        if (!isTrusted) log.info('another authority is to sign: its roots are published first', { minutes: Math.round(this.publishedMs / 60_000) });
      }
      if (now < this.coming.since + this.publishedMs) {
        this.use({ ...known, roots: trustBundle([known.roots, wanted.roots], now) });
        return;
      }
      log.info('another authority signs from now on', { secret: wanted.plugged ? "the user's" : 'its own' });
      // What was signed before is shown for as long as it is valid.
      this.former.push({ roots: known.roots, until: now + times.formerMs });
    }
    this.coming = undefined;
    this.former = this.former.filter(({ until }) => until > now);
    this.use({ ...wanted, roots: trustBundle([wanted.roots, ...this.former.map(({ roots }) => roots)], now) });
  }

  private get publishedMs(): number {
    return Math.min(publishedMs, this.settings.times.overlapMs);
  }

  private use(state: AuthorityState): void {
    const { known } = this;
    const same =
      known?.roots === state.roots && known.authority.pair.certificate === state.authority.pair.certificate && known.authority.chain === state.authority.chain;
    if (same) return;
    this.known = state;
    this.settings.changed(state);
  }
}
