import type { Clock } from '../../envoy/xds/clock.ts';
import { Backoff } from '../../kube/backoff.ts';
import { KubeError } from '../../kube/error.ts';
import { type KubeObject, refOf, refText } from '../../kube/object.ts';
import { isMap, items, text } from '../../model/untyped.ts';
import type { ScopeLog } from '../../proxy/telemetry/log.ts';
import { type Round, Rounds } from '../rounds.ts';

export interface TrustPublisherSettings {
  /** The Service that webhooks of this control plane name. */
  service: { namespace: string; name: string };
  /** Webhook configurations of the cluster. */
  configurations(): Iterable<KubeObject>;
  /** A JSON patch. @throws KubeError 'Conflict' where the object is another version by now */
  patch(object: KubeObject, patch: readonly Record<string, unknown>[]): Promise<void>;
  mayWrite(): boolean;
  clock: Clock;
  published(): void;
  log: ScopeLog;
}

/** Somebody who takes it away again and again makes a write a second at most. */
const pauseMs = 1_000;

/** Sees to it that all webhooks that call this control plane trust its authority, whoever takes that away. */
export class TrustPublisher {
  private readonly settings: TrustPublisherSettings;
  private readonly backoff = new Backoff({ firstMs: 1_000, longestMs: 30_000 });
  private readonly rounds: Rounds;
  private bundle = '';
  private since: { bundle: string; at: number } | undefined;

  constructor(settings: TrustPublisherSettings) {
    this.settings = settings;
    this.rounds = new Rounds(settings.clock, () => this.write());
  }

  /** @param bundle certificates as PEM */
  publish(bundle: string): void {
    this.bundle = bundle;
    this.look();
  }

  /** Configurations changed, or this replica leads now. */
  look(): void {
    if (this.bundle === '' || this.rounds.isStopped) return;
    this.observe();
    this.rounds.ask();
  }

  /** Since when everybody trusts this certificate; undefined: not everybody does. */
  trustedSince(certificate: string): number | undefined {
    this.observe();
    return this.since?.bundle.includes(certificate) ? this.since.at : undefined;
  }

  stop(): Promise<void> {
    return this.rounds.stop();
  }

  private async write(): Promise<Round> {
    const { settings } = this;
    const round: Round = { pauseMs, again: false };
    let failed = false;
    for (const object of [...settings.configurations()]) {
      const places = this.outdated(object);
      if (places.length === 0) continue;
      if (!settings.mayWrite()) return { ...round, pauseMs };
      try {
        await this.give(object, places);
      } catch (error) {
        if (!(error instanceof KubeError)) throw error;
        round.again = true;
        // It has changed since, or is gone, which the watch tells.
        if (error.reason === 'Conflict' || error.status === 404) continue;
        failed = true;
        round.pauseMs = this.backoff.next(error.retryAfterMs);
        settings.log.error(`the API server cannot be told whom to trust: ${error.message}`);
      }
    }
    if (!failed) this.backoff.reset();
    return round;
  }

  private async give(object: KubeObject, places: readonly number[]): Promise<void> {
    const { patch, published, log } = this.settings;
    const caBundle = Buffer.from(this.bundle).toString('base64');
    const version = { op: 'replace', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion };
    await patch(object, [version, ...places.map((i) => ({ op: 'add', path: `/webhooks/${i}/clientConfig/caBundle`, value: caBundle }))]);
    published();
    log.info(`${refText(refOf(object))} was given the authority to trust`, { webhooks: places.length });
  }

  private observe(): void {
    const all = [...this.settings.configurations()];
    if (!all.every((object) => this.outdated(object).length === 0)) this.since = undefined;
    else if (this.since?.bundle !== this.bundle) this.since = { bundle: this.bundle, at: this.settings.clock.now() };
  }

  /** Indexes of webhooks that call this control plane and trust something else. */
  private outdated(object: KubeObject): number[] {
    const wanted = Buffer.from(this.bundle).toString('base64');
    return items(object.webhooks as Record<string, unknown>[]).flatMap(({ clientConfig }, i) => {
      const { service, caBundle } = isMap(clientConfig) ? clientConfig : {};
      const { namespace, name } = isMap(service) ? service : {};
      const ours = text(namespace) === this.settings.service.namespace && text(name) === this.settings.service.name;
      return ours && caBundle !== wanted ? [i] : [];
    });
  }
}
