// The roots of the mesh in every namespace, where pods find them: ConfigMap `istio-ca-root-cert`.
import type { Clock } from '../../envoy/xds/clock.ts';
import { Backoff } from '../../kube/backoff.ts';
import { KubeError } from '../../kube/error.ts';
import type { KubeObject } from '../../kube/object.ts';
import { isMap } from '../../model/untyped.ts';
import { certificatesOf } from '../../pki/pem.ts';
import type { ScopeLog } from '../../proxy/telemetry/log.ts';
import { type Round, Rounds } from '../rounds.ts';
import { type OtherControlPlane, otherOwner, ownerAnnotation } from './roots-owner.ts';

export const rootsConfigMap = 'istio-ca-root-cert';
export const rootsKey = 'root-cert.pem';

export interface RootsPublisherSettings {
  /** Of this control plane. */
  ownNamespace: string;
  /** All that have a Service in this cluster. */
  controlPlanes(): readonly OtherControlPlane[];
  /** Namespaces of the cluster, without those that are going. */
  namespaces(): Iterable<string>;
  /** The ConfigMap of a namespace; undefined: there is none. */
  inNamespace(namespace: string): KubeObject | undefined;
  /** Server-side apply. */
  apply(object: KubeObject): Promise<unknown>;
  labels: Readonly<Record<string, string>>;
  mayWrite(): boolean;
  clock: Clock;
  log: ScopeLog;
}

/** Somebody who takes it away again and again makes a round of writes in this time at most. */
const pauseMs = 1_000;
/** Writes at a time. */
const together = 8;
/** Where somebody else writes the same ConfigMap again and again, each round comes so much later, at most this late. */
const longestContestMs = 5 * 60_000;
/** What stayed for so long is not contested any more. */
const settledMs = 2 * longestContestMs;
/** So often it is put back before somebody is told. */
const toldAfter = 3;
/** Names in a message. */
const mostNames = 5;

/** What was written into a namespace last. */
interface Given {
  roots: string;
  at: number;
  /** Version that was replaced. */
  replaced: string | undefined;
  /** How often it was put back. */
  times: number;
}

export class RootsPublisher {
  private readonly settings: RootsPublisherSettings;
  private readonly backoff = new Backoff({ firstMs: 1_000, longestMs: 60_000 });
  private readonly rounds: Rounds;
  private roots = '';
  private cancelContest: (() => void) | undefined;
  private readonly given = new Map<string, Given>();
  /** Whose ConfigMaps were told of, and how many are contested. */
  private toldOthers = '';
  private toldContested = '';

  constructor(settings: RootsPublisherSettings) {
    this.settings = settings;
    this.rounds = new Rounds(settings.clock, () => this.write());
  }

  /** @param roots PEM */
  publish(roots: string): void {
    this.roots = roots;
    this.look();
  }

  /** A namespace or one of the ConfigMaps has changed, or this replica leads now. */
  look(): void {
    if (this.roots !== '') this.rounds.ask();
  }

  async stop(): Promise<void> {
    await this.rounds.stop();
    this.cancelContest?.();
  }

  private async write(): Promise<Round> {
    const { settings } = this;
    if (!settings.mayWrite()) return { pauseMs, again: false };
    const { wanted, nextMs } = this.wanted();
    let failure: KubeError | undefined;
    let written = 0;
    while (wanted.length > 0 && !this.rounds.isStopped && settings.mayWrite()) {
      const results = await Promise.all(wanted.splice(0, together).map((namespace) => this.give(namespace)));
      for (const result of results) {
        if (result) failure = result;
        else written++;
      }
    }
    if (written > 0) settings.log.info('the roots of the mesh were written', { namespaces: written });
    if (!failure) {
      this.backoff.reset();
      // Others do not wait for those that are contested.
      this.cancelContest?.();
      this.cancelContest = nextMs === undefined ? undefined : settings.clock.after(nextMs, () => this.look());
      return { pauseMs, again: false };
    }
    settings.log.error(`the roots of the mesh cannot be written everywhere, which is tried again: ${failure.message}`);
    return { pauseMs: this.backoff.next(failure.retryAfterMs), again: true };
  }

  /** Namespaces that are to be given the roots now, and when others are. */
  private wanted(): { wanted: string[]; nextMs: number | undefined } {
    const { namespaces, inNamespace, ownNamespace, controlPlanes, clock } = this.settings;
    const wanted: string[] = [];
    const others = new Map<string, string[]>();
    let nextMs: number | undefined;
    const living = new Set(namespaces());
    for (const namespace of this.given.keys()) if (!living.has(namespace)) this.given.delete(namespace);
    for (const namespace of living) {
      const map = inNamespace(namespace);
      if (this.isGiven(map)) continue;
      const other = map && otherOwner(map, ownNamespace, controlPlanes);
      if (other) {
        const who = `${other.program === 'istio' ? 'Istio' : 'weft'} in namespace ${other.namespace}`;
        // Its own namespace is nobody else's, and where it has our roots, too, nobody lacks anything.
        if (other.namespace !== namespace && !this.hasAll(map)) others.set(who, [...(others.get(who) ?? []), namespace]);
        continue;
      }
      const given = this.given.get(namespace);
      const waitMs = given ? given.at + contestMs(given) - clock.now() : 0;
      if (waitMs <= 0) wanted.push(namespace);
      else nextMs = Math.min(nextMs ?? waitMs, waitMs);
    }
    const contested = [...this.given].filter(([, { times, at }]) => times >= toldAfter && clock.now() - at < settledMs);
    this.tell(
      others,
      contested.map(([namespace]) => namespace),
    );
    return { wanted, nextMs };
  }

  /** Each time that it is for others than before. */
  private tell(others: ReadonlyMap<string, readonly string[]>, contested: readonly string[]): void {
    const { log } = this.settings;
    const told = JSON.stringify([...others]);
    if (told !== this.toldOthers) {
      for (const [who, namespaces] of others) {
        log.warning(
          `ConfigMap ${rootsConfigMap} of ${named(namespaces)} is that of the control plane of ${who}, and stays as it is: ` +
            'pods there do not know this control plane by it. Give both the same root (Secret cacerts), or remove one of them',
        );
      }
    }
    this.toldOthers = told;
    const fought = JSON.stringify(contested);
    if (fought !== this.toldContested && contested.length > 0) {
      log.warning(
        `somebody else writes ConfigMap ${rootsConfigMap} of ${named(contested)} again and again: it is put back more and more seldom. ` +
          'Its metadata.managedFields say who it is',
      );
    }
    this.toldContested = fought;
  }

  /** @returns why it could not be; undefined: it is there, or the namespace is not any more */
  private async give(namespace: string): Promise<KubeError | undefined> {
    const { apply, labels, ownNamespace } = this.settings;
    this.note(namespace);
    try {
      await apply({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { namespace, name: rootsConfigMap, labels: { ...labels }, annotations: { [ownerAnnotation]: ownNamespace } },
        data: { [rootsKey]: this.roots },
      });
      return undefined;
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      // A namespace that is going takes nothing new.
      return error.status === 404 || (error.status === 403 && /being terminated/.test(error.message)) ? undefined : error;
    }
  }

  /** As this control plane writes it, or as it would have to be all the same. */
  private isGiven(map: KubeObject | undefined): boolean {
    if (!map || rootsIn(map) !== this.roots) return false;
    const { annotations, labels } = map.metadata;
    // What others have made with the same roots is theirs.
    const isOwn = Object.entries(this.settings.labels).every(([name, value]) => labels?.[name] === value);
    return !isOwn || annotations?.[ownerAnnotation] !== undefined;
  }

  private hasAll(map: KubeObject): boolean {
    const there = rootsIn(map);
    return certificatesOf(this.roots).every((root) => there.includes(root.trim()));
  }

  private note(namespace: string): void {
    const { clock, inNamespace } = this.settings;
    const before = this.given.get(namespace);
    const version = inNamespace(namespace)?.metadata.resourceVersion;
    const now = clock.now();
    // Another version than the one that was replaced: what was written then was seen, and is gone again.
    const isBack = before?.roots === this.roots && before.replaced !== version && now - before.at < settledMs;
    this.given.set(namespace, { roots: this.roots, at: now, replaced: version, times: isBack ? before.times + 1 : 0 });
  }
}

/** How long it is left alone. */
function contestMs({ times }: Given): number {
  return times === 0 ? 0 : Math.min(longestContestMs, pauseMs * 2 ** times);
}

function rootsIn(map: KubeObject): string {
  const text = isMap(map.data) ? map.data[rootsKey] : undefined;
  return typeof text === 'string' ? text : '';
}

function named(namespaces: readonly string[]): string {
  if (namespaces.length === 1) return `namespace ${namespaces[0]}`;
  const more = namespaces.length - mostNames;
  return `${namespaces.length} namespaces (${namespaces.slice(0, mostNames).join(', ')}${more > 0 ? ` and ${more} more` : ''})`;
}
