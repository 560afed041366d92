// Puts everything together: reads what proxies and control planes tell, takes out what is secret, and files it.

import { plainStyle } from '../../analysis/report/style.ts';
import type { Address } from '../../envoy/bootstrap.ts';
import type { KubeClient } from '../../kube/client.ts';
import { readKubeconfigFiles } from '../../kube/kubeconfig-files.ts';
import type { KubeObject } from '../../kube/object.ts';
import { loadSource } from '../../manifest/load.ts';
import type { Resource, SourceText } from '../../manifest/resource.ts';
import { KnownValues } from '../../redact/known-values.ts';
import { learnObject, learnSecret, learnText } from '../../redact/learn.ts';
import { Redactor } from '../../redact/redactor.ts';
import { Tally } from '../../redact/tally.ts';
import { counted } from '../counted.ts';
import { AdminClient } from '../envoy/admin-client.ts';
import type { Progress } from '../install/progress.ts';
import { addressText } from '../proxy/xds-address.ts';
import { verifiedText, verifyInstalled } from '../verify-install/run.ts';
import { addTables, analyzeAll, findingItems } from './analysis.ts';
import type { Archive } from './archive.ts';
import { Contents } from './contents.ts';
import type { BugReportFlags, Settings } from './flags.ts';
import { inOrder } from './in-order.ts';
import { cleanManifest, secretsIn } from './manifest-text.ts';
import { proxyPages, readPages } from './pages.ts';
import { podJobs } from './pods.ts';
import { publicNames } from './public-names.ts';
import { index, type ReadmeFacts, readme } from './readme.ts';
import { resourceItems } from './resources.ts';
import type { Inputs } from './run.ts';
import { versionsOf } from './versions.ts';

export interface CollectOptions {
  flags: BugReportFlags;
  settings: Settings;
  /** Undefined: nothing is written, and no proxy is asked. */
  archive: Archive | undefined;
  time: Date;
  progress: Progress;
  /** The time is over, or somebody does not want to wait any longer. */
  stop: AbortSignal;
  /** Somebody does not want it at all. */
  interrupt: AbortSignal;
}

/** Pods at a time: each of them may have an answer of many megabytes. */
const mostPods = 4;

export async function collect(inputs: Inputs, options: CollectOptions): Promise<Contents> {
  const { files, client, cluster, noCluster } = inputs;
  const { flags, settings, archive, time, progress } = options;
  const names = namesOf(inputs);
  const known = await knownValues(inputs, flags, names);
  const redactor = new Redactor(known);
  const contents = new Contents(archive, redactor, settings.maxBytes);
  if (noCluster !== undefined) contents.omit('the cluster', noCluster);
  for (const { what, why } of cluster?.leftOut ?? []) contents.omit(what, why);
  for (const { path, text } of files.unreadable) contents.omit(`file ${path}`, text);
  for (const path of files.skipped) contents.omit(`file ${path}`, 'only .yaml, .yml and .json files of directories are read');

  await contents.addLast({ path: 'versions.json', content: { json: await versionsOf(client, cluster) }, source: 'weft version' });
  const pods = cluster?.kinds.find(({ kind }) => kind === 'Pod')?.objects ?? [];
  // Analysis decodes objects in place, and leaves out what it does not know: their files come first, and pods are looked at before.
  const jobs = podJobs(pods, {
    filter: settings.filter,
    window: settings.window,
    mostLogBytes: settings.maxLogBytes,
    adminPort: settings.adminPort,
    signal: options.stop,
  });
  if (cluster) for (const item of resourceItems([...cluster.kinds, { kind: 'Secret', objects: cluster.secrets }], cluster.name)) await contents.add(item);
  for (const source of files.sources) {
    const redacted = new Tally();
    const text = cleanManifest(source, redactor, names, redacted);
    await contents.add({ path: `files/${source.name === '-' ? 'stdin.yaml' : source.name}`, content: { text }, source: `file ${source.name}`, redacted });
  }
  await addAnalysis(contents, inputs, options);
  if (client) await addInstallation(contents, client);
  if (client) await addPods(contents, client, jobs, options);
  if (settings.localProxy) await addLocalProxy(contents, settings.localProxy, archive !== undefined);

  options.interrupt.throwIfAborted();
  progress.stop();
  const facts: ReadmeFacts = {
    time,
    sources: sourcesOf(inputs, flags),
    wanted: wantedText(flags, settings),
    knownValues: known.size,
    passedOver: known.passedOver,
    noSecrets: cluster?.noSecrets,
  };
  await contents.addLast({ path: 'index.json', content: { json: index(contents, facts) }, source: 'weft bug-report' });
  await contents.addLast({ path: 'README.txt', content: { text: readme(contents, facts) }, source: 'weft bug-report' });
  return contents;
}

function namesOf({ files, cluster }: Inputs): (text: string) => boolean {
  const ofFiles = resourcesIn(files.sources).map(({ raw }) => raw as KubeObject);
  return publicNames([
    ...(cluster?.kinds ?? []).flatMap(({ objects }) => objects),
    ...(cluster?.secrets ?? []).map(({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata })),
    ...ofFiles,
  ]);
}

function resourcesIn(sources: readonly SourceText[]): Resource[] {
  return sources.flatMap((source) => loadSource(source, { defaultNamespace: 'default' }).resources);
}

/** Everything secret that can be read: Secrets of the cluster and of files, and how this program is let in. */
async function knownValues({ files, cluster }: Inputs, { kubeconfig }: BugReportFlags, isPublic: (text: string) => boolean): Promise<KnownValues> {
  const known = new KnownValues(isPublic);
  for (const secret of [...(cluster?.secrets ?? []), ...secretsIn(files.sources)]) learnSecret(known, secret);
  // What names and places say is secret in objects is one in findings, logs and proxies, too, where nothing says so.
  for (const { objects } of cluster?.kinds ?? []) for (const object of objects) learnObject(known, object);
  for (const { raw } of resourcesIn(files.sources)) learnObject(known, raw);
  if (cluster) for (const { text } of await readKubeconfigFiles(kubeconfig, process.env).catch(() => [])) learnText(known, text, 'credentials of a kubeconfig');
  return known;
}

async function addAnalysis(
  contents: Contents,
  { files, meshConfigSource, client, cluster }: Inputs,
  { flags, settings, time, progress }: CollectOptions,
): Promise<void> {
  if (!cluster && files.sources.length === 0) return;
  progress.start('Analyzing');
  try {
    const result = await analyzeAll({
      sources: files.sources,
      cluster,
      meshConfigSource,
      namespace: flags.namespace ?? client?.namespace ?? 'default',
      istioNamespace: flags.istioNamespace,
      now: time,
    });
    for (const item of findingItems(result, files.sources.length, cluster?.name)) await contents.add(item);
    await addTables(contents, result.mesh, settings.filter);
    progress.done(`Analyzed: ${counted(result.findings.length, 'finding')}`);
  } catch (error) {
    // A report about a bug has to come about with the bug.
    contents.omit('analysis and routing tables', `weft failed: ${error instanceof Error ? error.stack : String(error)}`);
    progress.fail('The analysis failed; the rest goes on');
  }
}

async function addInstallation(contents: Contents, client: KubeClient): Promise<void> {
  try {
    for (const { installation, verified } of await verifyInstalled(client)) {
      const text = typeof verified === 'string' ? `${verified}\n` : verifiedText(verified, plainStyle);
      await contents.add({ path: `install/${installation.namespace}-${installation.revision}.txt`, content: { text }, source: 'weft verify-install' });
    }
  } catch (error) {
    contents.omit('install: what weft verify-install says', (error as Error).message);
  }
}

async function addPods(
  contents: Contents,
  client: KubeClient,
  jobs: ReturnType<typeof podJobs>,
  { archive, progress, stop, interrupt, settings }: CollectOptions,
): Promise<void> {
  if (!archive) {
    for (const { folder, files, name } of jobs)
      for (const file of files) await contents.add({ path: `${folder}/${file}`, content: { text: '' }, source: name });
    return;
  }
  if (jobs.length === 0) return;
  const doing = 'Asking control planes and proxies';
  progress.start(doing);
  let done = 0;
  const ask = async (job: (typeof jobs)[number]): Promise<Awaited<ReturnType<typeof job.run>>> => {
    if (contents.isFull)
      return { items: [], leftOut: [{ what: job.folder, why: 'the archive is full; --max-size takes more, and --include and --exclude choose' }] };
    try {
      return await untilAborted(job.run(client), stop);
    } catch (error) {
      interrupt.throwIfAborted();
      const why = stop.aborted ? 'the time of --timeout was over' : (error as Error).message;
      return { items: [], leftOut: [{ what: `${job.folder} (${job.name})`, why }] };
    }
  };
  for await (const { items, leftOut } of inOrder(jobs, ask, Math.min(mostPods, settings.concurrency))) {
    for (const item of items) await contents.add(item);
    for (const { what, why } of leftOut) contents.omit(what, why);
    progress.wait(`${++done} of ${jobs.length}`);
  }
  const ofRole = (role: string): number => jobs.filter((job) => job.role === role).length;
  progress.done(`Asked ${counted(ofRole('control plane'), 'control plane')} and ${counted(ofRole('proxy'), 'proxy', 'proxies')}`);
}

/** The promise, or a rejection where the signal comes first: not everything that waits knows signals. */
function untilAborted<T>(pending: Promise<T>, signal: AbortSignal): Promise<T> {
  pending.catch(() => {});
  return new Promise((resolve, reject) => {
    const give = (): void => reject(signal.reason as Error);
    if (signal.aborted) give();
    signal.addEventListener('abort', give, { once: true });
    pending.then(resolve, reject).finally(() => signal.removeEventListener('abort', give));
  });
}

async function addLocalProxy(contents: Contents, address: Address, isAsked: boolean): Promise<void> {
  const of = `proxy at ${addressText(address)}`;
  if (!isAsked) {
    for (const { path, file } of proxyPages) await contents.add({ path: `local-proxy/${file}`, content: { text: '' }, source: `GET ${path} of ${of}` });
    return;
  }
  const { items, leftOut } = await readPages(new AdminClient(address), proxyPages, { folder: 'local-proxy', of });
  for (const item of items) await contents.add(item);
  for (const { what, why } of leftOut) contents.omit(what, why);
}

function sourcesOf({ files, cluster }: Inputs, { filename = [], proxyAdminAddress }: BugReportFlags): string[] {
  return [
    ...(cluster ? [`cluster ${cluster.name}`] : []),
    ...(files.sources.length > 0 ? [`files ${filename.join(', ')}`] : []),
    ...(proxyAdminAddress === undefined ? [] : [`the proxy at ${proxyAdminAddress}`]),
  ];
}

function wantedText({ include = [], exclude = [] }: BugReportFlags, { window, maxLogBytes }: Settings): string[] {
  const { start, end } = window;
  const times = [start && `from ${start.toISOString()}`, end && `to ${end.toISOString()}`].filter(Boolean).join(' ');
  return [
    ...(include.length > 0 ? [`Pods and workloads: ${include.join(' or ')}`] : []),
    ...(exclude.length > 0 ? [`Not those: ${exclude.join(', ')}`] : []),
    `Logs: ${times === '' ? 'without a limit of time' : times}, the last ${Math.round(maxLogBytes / 1048576)} MiB of each container`,
  ];
}
