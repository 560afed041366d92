import type { InjectionConfig } from '../../inject/config.ts';
import { decide } from '../../inject/decision.ts';
import { InjectionError } from '../../inject/error.ts';
import { type PodTemplate, podOf } from '../../inject/pod.ts';
import { injectorWebhooks, type Verdict, verdicts } from '../../inject/webhook-verdicts.ts';
import { workloadOf } from '../../inject/workload.ts';
import { nearest } from '../../manifest/nearest.ts';
import { isMap } from '../../model/untyped.ts';
import { type ClusterFlags, connectWith, toCliError } from '../cluster.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { parseLabels } from '../proxy/flags.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { type PodMaker, podMakers, podMakerVersions } from './pod-makers.ts';
import { clusterWorld, fileWorld, type World } from './world.ts';

/** Flags of `weft x check-inject` as commander gives them. */
export interface CheckInjectFlags extends ClusterFlags {
  namespace?: string;
  istioNamespace: string;
  labels?: string;
  filename?: string[];
  output: string;
}

/** A pod that there is, or that could be made. */
interface Candidate {
  namespace: string;
  pod: PodTemplate;
}

/**
 * Says which webhooks inject a workload, or a pod with labels.
 *
 * @returns 0, whatever is found, as the reference
 * @throws CliError for what is not there
 */
export async function runCheckInject(name: string | undefined, flags: CheckInjectFlags): Promise<number> {
  if (flags.output !== 'table' && flags.output !== 'json') throw usageError(`--output takes table or json, not "${flags.output}"`);
  if ((name === undefined) === (flags.labels === undefined))
    throw usageError('name a workload, or the labels of a pod', 'weft x check-inject deployment/web -n shop, or weft x check-inject -l app=web -n shop');
  if (flags.filename !== undefined) return check(fileWorld(flags.filename, flags.namespace ?? 'default'), name, flags, 'default');
  const client = await connectWith(flags);
  try {
    return await check(clusterWorld(client, flags.istioNamespace), name, flags, client.namespace);
  } catch (error) {
    throw toCliError(error);
  } finally {
    client.close();
  }
}

async function check(world: World, name: string | undefined, flags: CheckInjectFlags, defaultNamespace: string): Promise<number> {
  const namespace = flags.namespace ?? defaultNamespace;
  const { pod, ...at } = name === undefined ? { pod: podWith(parseLabels(flags.labels ?? '')), namespace } : await find(world, name, namespace);
  const labels = await world.namespaceLabels(at.namespace);
  if (!labels) throw new CliError(`there is no namespace ${at.namespace}`, undefined, 'Name another with -n.');
  const bySelectors = verdicts(injectorWebhooks(await world.webhooks()), labels, pod.metadata.labels ?? {});
  const found = await Promise.all(
    bySelectors.map(async (verdict) => (verdict.injects ? asInjector(verdict, pod, at.namespace, await world.injector(verdict.revision)) : verdict)),
  );
  if (flags.output === 'json') write('stdout', `${JSON.stringify(found, null, 2)}\n`);
  else if (found.length > 0) write('stdout', await table(found));
  if (found.length === 0) write('stderr', 'ERROR: no injection webhooks are there: nothing injects pods.\n');
  else if (found.filter(({ injects }) => injects).length > 1)
    write('stderr', 'ERROR: several webhooks inject this pod, each its own sidecar over that of the others: leave the labels of one.\n');
  return exitCode.ok;
}

function podWith(labels: Record<string, string>): PodTemplate {
  return { metadata: { labels }, spec: { containers: [] } };
}

/** A webhook that is asked may still leave the pod alone. */
function asInjector(verdict: Verdict, pod: PodTemplate, namespace: string, config: InjectionConfig | undefined): Verdict {
  const decision = decide(pod, namespace, config ?? { policy: 'enabled', neverInjectSelector: [], alwaysInjectSelector: [] });
  return decision.inject ? verdict : { ...verdict, injects: false, reason: `asked, but ${decision.reason}` };
}

async function find(world: World, written: string, defaultNamespace: string): Promise<Candidate> {
  const { kind, name, namespace } = parseName(written, defaultNamespace);
  const object = await world.workload(kind, namespace, name);
  const workload = object && workloadOf(object);
  if (!workload)
    throw new CliError(`there is no ${kind} ${namespace}/${name}`, undefined, 'Name it as KIND/NAME or NAME.NAMESPACE, or the labels of a pod with -l.');
  try {
    return { namespace, pod: podOf(isMap(workload.pod) ? workload.pod : {}) };
  } catch (error) {
    throw error instanceof InjectionError ? new CliError(`${kind} ${namespace}/${name}: ${error.message}`) : error;
  }
}

/** `NAME`, `NAME.NAMESPACE`, `KIND/NAME`, `KIND/NAME.NAMESPACE`; without a kind it is a pod. */
function parseName(written: string, defaultNamespace: string): { kind: PodMaker; name: string; namespace: string } {
  const [first = '', second, ...more] = written.split('/');
  if (more.length > 0) throw usageError(`a workload is KIND/NAME, not "${written}"`);
  // `deployments.apps` is one, too.
  const [word = ''] = second === undefined ? ['pod'] : first.toLowerCase().split('.', 1);
  if (!Object.hasOwn(podMakers, word)) {
    const near = nearest(word, Object.keys(podMakers));
    throw usageError(
      `"${first}" is no kind that makes pods${near === undefined ? '' : `; did you mean ${near}?`}`,
      `Kinds are ${Object.keys(podMakerVersions).join(', ').toLowerCase()}.`,
    );
  }
  const [name = '', ...namespace] = (second ?? first).split('.');
  if (name === '') throw usageError(`a workload has a name, and "${written}" has none`);
  return { kind: podMakers[word as keyof typeof podMakers], name, namespace: namespace.join('.') || defaultNamespace };
}

async function table(found: readonly Verdict[]): Promise<string> {
  const style = await styleFor(wantsColour(undefined, 'stdout'));
  const rows = [
    ['WEBHOOK', 'REVISION', 'INJECTED', 'REASON'],
    ...found.map(({ webhook, revision, injects, reason }) => [webhook, revision, injects ? '✔' : '✘', reason]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) => {
      const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
      return `${cells.join('   ').trimEnd().replace('✔', style.good('✔')).replace('✘', style.error('✘'))}\n`;
    })
    .join('');
}
