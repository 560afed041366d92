import type { Awaited, DistributionRequest, ProxyProgress } from '../../envoy/xds/control-plane-api.ts';
import { toCliError } from '../cluster.ts';
import type { Replica } from '../control-plane/replica.ts';
import { CliError } from '../exit.ts';
import type { ReplicaAsker, Round } from './ask.ts';
import { resourceText, type WaitedResource } from './resource.ts';
import type { ClusterSource } from './source.ts';
import { hopeless, isReached, type ReplicaAnswer, type Tally, tally } from './tally.ts';

export interface WatchOptions {
  resource: WaitedResource;
  for: Awaited;
  /** As the user gave it. */
  resourceVersion: string | undefined;
  only: readonly string[];
  threshold: number;
  timeoutMs: number;
  /** Undefined without a cluster: the control plane itself knows what is newest. */
  source: ClusterSource | undefined;
  /** Of proxies that were behind and are gone: those whose workload is still there. */
  stillThere(proxies: readonly ProxyProgress[]): Promise<ProxyProgress[]>;
  onTally(tally: Tally): void;
}

export interface Watched {
  isReached: boolean;
  tally: Tally;
  answers: readonly ReplicaAnswer[];
  /** That was waited for; undefined: it has none, or is gone. */
  resourceVersion: string | undefined;
}

const pauses = { firstMs: 100, longestMs: 500 };

const nobody: Tally = { isServed: false, why: 'the control plane was not asked yet', proxies: [], acknowledged: 0 };

/**
 * Asks until enough proxies have what is wanted, or the time is over.
 *
 * @throws CliError for what will not come, and where the control plane cannot be asked at first. Later, it may be starting again.
 */
export async function watchDistribution(asker: ReplicaAsker, options: WatchOptions): Promise<Watched> {
  const wait = new DistributionWait(asker, options);
  const end = performance.now() + options.timeoutMs;
  let pause = pauses.firstMs;
  for (;;) {
    const watched = await wait.look(end - performance.now());
    options.onTally(watched.tally);
    const left = end - performance.now();
    if (watched.isReached || left <= 0) return watched;
    await new Promise((resolve) => setTimeout(resolve, Math.min(pause, left)));
    pause = Math.min(pause * 1.5, pauses.longestMs);
  }
}

class DistributionWait {
  private readonly asker: ReplicaAsker;
  private readonly options: WatchOptions;
  private isFirst = true;
  /** By the replica's name: what it said is newest, and when it began. */
  private readonly newest = new Map<string, { startedAt: string; resourceVersion: string | undefined }>();
  /** Proxies that were behind when they were seen last, by key. */
  private behind = new Map<string, ProxyProgress>();

  constructor(asker: ReplicaAsker, options: WatchOptions) {
    this.asker = asker;
    this.options = options;
  }

  async look(leftMs: number): Promise<Watched> {
    const { options } = this;
    const wanted = await this.wanted();
    if (wanted.problem !== undefined) return this.nothing(wanted.problem, wanted.resourceVersion);
    if (wanted.isThere && options.for === 'delete') return this.nothing('it is still there', wanted.resourceVersion);
    const round = await this.ask(wanted.resourceVersion, leftMs);
    if ('problem' in round) return this.nothing(round.problem, wanted.resourceVersion);
    const { answers, silent } = round;
    if (this.isFirst && answers.length === 0 && silent.length > 0) throw new CliError(silent.join('\n'), undefined, this.help());
    this.isFirst = false;
    await this.refuse(answers);
    const sum = await this.sum(round);
    return { isReached: isReached(sum, options.threshold), tally: sum, answers, resourceVersion: wanted.resourceVersion ?? this.newestOf(answers) };
  }

  private async wanted(): Promise<{ resourceVersion: string | undefined; isThere: boolean; problem?: string }> {
    const { source, resourceVersion } = this.options;
    if (!source) return { resourceVersion, isThere: false };
    try {
      return await source.version();
    } catch (error) {
      const problem = toCliError(error);
      if (this.isFirst || !(problem instanceof CliError) || problem === error) throw problem;
      return { resourceVersion, isThere: false, problem: problem.message };
    }
  }

  private async ask(resourceVersion: string | undefined, leftMs: number): Promise<Round | { problem: string }> {
    try {
      return await this.asker.ask((replica) => this.requestTo(replica, resourceVersion), leftMs);
    } catch (error) {
      if (this.isFirst || !(error instanceof CliError)) throw error;
      return { problem: error.message };
    }
  }

  private requestTo({ name }: Replica, resourceVersion: string | undefined): DistributionRequest {
    const { resource, source } = this.options;
    const { kind, namespace, name: own } = resource;
    const request = { for: this.options.for, kind, namespace, name: own };
    if (resourceVersion !== undefined) return { ...request, resourceVersion };
    if (source) return request;
    const known = this.newest.get(name);
    // A removal that has not come is looked for again.
    if (!known || this.options.for === 'delete') return { ...request, newest: true };
    return known.resourceVersion === undefined ? { ...request, newest: true } : { ...request, resourceVersion: known.resourceVersion };
  }

  /** @throws CliError for what will not come */
  private async refuse(answers: readonly ReplicaAnswer[]): Promise<void> {
    const { options } = this;
    for (const { name, answer } of answers) {
      const known = this.newest.get(name);
      // The numbers of a server of files begin anew with it.
      if (known?.startedAt !== answer.about.startedAt) this.newest.delete(name);
      if (!this.newest.has(name) && !known) this.newest.set(name, { startedAt: answer.about.startedAt, resourceVersion: answer.resource.resourceVersion });
    }
    const text = resourceText(options.resource);
    const never = hopeless(answers);
    if (never) throw new CliError(`${text}: ${never.problem}`, undefined, never.help);
    const isAbsent = answers.length > 0 && answers.every(({ answer }) => answer.resource.state === 'absent' || answer.resource.state === 'ignored');
    if (!isAbsent) return;
    if (!options.source)
      throw new CliError(
        `there is no ${text}`,
        undefined,
        'The control plane that was asked has nothing of this name; NAME.NAMESPACE or -n names another namespace.',
      );
    await options.source.check();
  }

  private async sum(round: Round): Promise<Tally> {
    const { options } = this;
    // A replica that is asked alone does not know which proxies others have.
    if (!options.source && round.answers.some(({ answer }) => answer.about.revision !== undefined)) return this.connected(round);
    const seen = new Set(round.answers.flatMap(({ answer }) => answer.proxies.map(({ key }) => key)));
    const lost = [...this.behind.values()].filter(({ key }) => !seen.has(key));
    const sum = tally(round.answers, lost.length > 0 ? await options.stillThere(lost) : [], { for: options.for, only: options.only });
    this.behind = new Map(sum.proxies.filter(({ state }) => state !== 'acknowledged').map((proxy) => [proxy.key, proxy]));
    return unlessSilent(sum, round);
  }

  private connected(round: Round): Tally {
    const answers = round.answers.map(({ name, answer }) => ({
      name,
      answer: { ...answer, proxies: answer.proxies.filter(({ state }) => state !== 'unconnected') },
    }));
    return unlessSilent(tally(answers, [], { for: this.options.for, only: this.options.only }), round);
  }

  private nothing(why: string, resourceVersion: string | undefined): Watched {
    return { isReached: false, tally: { ...nobody, why }, answers: [], resourceVersion };
  }

  private newestOf(answers: readonly ReplicaAnswer[]): string | undefined {
    return answers.find(({ answer }) => answer.resource.resourceVersion !== undefined)?.answer.resource.resourceVersion;
  }

  private help(): string {
    return this.options.source
      ? 'kubectl get pods -n NAMESPACE -l app=weft-controller tells of the pods of the control plane.'
      : 'A control plane is started with weft xds serve -f DIR; --xds-address tells where it is.';
  }
}

/** Nobody knows what proxies have that are connected to a replica that does not answer. */
function unlessSilent(sum: Tally, { silent: [silent] }: Round): Tally {
  return silent === undefined ? sum : { ...sum, isServed: false, why: silent };
}
