import { type Installation, installations } from '../../install/installed.ts';
import { readLive } from '../../install/live.ts';
import { isDone, type Plan, planOf } from '../../install/plan.ts';
import { missingNamespaces, missingRights, oldestMinor, rightText, tooOld, versionProblem } from '../../install/preflight.ts';
import { renderManifests } from '../../install/render/manifests.ts';
import { withDefaultTag } from '../../install/tags.ts';
import type { Values } from '../../install/values.ts';
import type { KubeClient } from '../../kube/client.ts';
import { mutatingWebhooks } from '../../kube/list-all.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ClusterFlags } from '../cluster.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { version } from '../version.ts';
import { checkPlan } from './blockers.ts';
import { checkCanConfirm, confirm } from './confirm.ts';
import { parseWait } from './flags.ts';
import { perform } from './perform.ts';
import { type PlanFormat, planDocument, planFormats } from './plan-document.ts';
import { planText } from './plan-text.ts';
import { type ReadValues, readValues, type ValueFlags } from './read-values.ts';
import { imageWarning, warnOfNamespace } from './warnings.ts';
import { webhookConflicts } from './webhook-conflicts.ts';
import { withClient } from './with-client.ts';

/** Flags of `weft install` and `weft upgrade` as commander gives them. */
export interface InstallFlags extends ValueFlags, ClusterFlags {
  skipConfirmation?: boolean;
  dryRun?: boolean;
  force?: boolean;
  forceConflicts?: boolean;
  wait: boolean;
  readinessTimeout: string;
  output: string;
  verbose?: boolean;
  color?: boolean;
  namespace?: string;
  /** Of `weft upgrade`. */
  reuseValues?: boolean;
  resetValues?: boolean;
}

export type InstallMode = 'install' | 'upgrade';

/**
 * Installs one revision, or brings it to other values or another version.
 *
 * @returns the exit code
 * @throws CliError for wrong values, a cluster that cannot take them, and what failed in the middle
 */
export async function runInstall(flags: InstallFlags, mode: InstallMode): Promise<number> {
  const format = planFormats.find((name) => name === flags.output);
  if (!format) throw usageError(`--output takes text, json or yaml, not "${flags.output}"`);
  const timeoutMs = parseWait('readiness-timeout', flags.readinessTimeout);
  if (flags.reuseValues && flags.resetValues) throw usageError('--reuse-values and --reset-values contradict each other');
  checkCanConfirm(flags.skipConfirmation === true || flags.dryRun === true, '-y to go on, or --dry-run to see what would be done');
  // Before anything is asked of a cluster, and again with what it has.
  const given = readValues(flags);
  warnOfNamespace(flags);
  return withClient(flags, (client) => install(client, given, flags, { mode, format, timeoutMs }));
}

interface Run {
  mode: InstallMode;
  format: PlanFormat;
  timeoutMs: number;
}

async function install(client: KubeClient, given: ReadValues, flags: InstallFlags, { mode, format, timeoutMs }: Run): Promise<number> {
  const old = tooOld(await client.version());
  if (old !== undefined) throw new CliError(`the cluster is Kubernetes ${old}, and weft needs 1.${oldestMinor} or newer`);
  const all = await installations(client);
  const before = all.find(({ namespace, revision }) => namespace === given.values.namespace && revision === given.values.revision);
  const { values, overrides } = mode === 'upgrade' ? upgradedValues(given, flags, before, all) : given;
  const problem = flags.force ? undefined : versionProblem(before, version);
  if (problem) throw new CliError(problem.text, undefined, problem.help);

  const rendering = { weftVersion: version, overrides };
  const webhooks = await mutatingWebhooks(client);
  const areOtherRevisions = all.some((one) => one !== before);
  const desired = withDefaultTag(renderManifests(values, rendering), values, rendering, { webhooks, areOtherRevisions });
  const options = { owner: values.namespace, revision: values.revision, version };
  const plan = planOf(desired, await readLive(client, desired, values.namespace), options);
  const to = flags.dryRun || format !== 'text' ? 'stdout' : 'stderr';
  const colour = wantsColour(flags.color, to);
  if (format !== 'text') write('stdout', planDocument(plan, format));
  if (format === 'text') {
    write('stderr', `${introduction(values, before, client)}\n\n`);
    write(to, planText(plan, await styleFor(colour), { verbose: flags.verbose === true }));
  }
  checkPlan(plan, desired, { owner: values.namespace, forceConflicts: flags.forceConflicts === true });
  checkNamespaces(await missingNamespaces(client, plan));
  checkWebhooks(plan, webhooks, flags);
  const missing = isDone(plan) ? undefined : imageWarning(values, version);
  if (missing !== undefined) write('stderr', `\nWarning: ${missing}\n`);
  if (flags.dryRun) return exitCode.ok;
  // Asking is a write to the API server, though it changes nothing.
  await checkRights(client, plan);

  if (!isDone(plan) && !flags.skipConfirmation) confirm('\nProceed?');
  const onTerminal = wantsColour(flags.color, 'stderr');
  const style = await styleFor(onTerminal);
  const force = flags.forceConflicts === true;
  await perform(client, plan, { ...options, force, wait: flags.wait, timeoutMs, style, colour: onTerminal, command: `weft ${mode}` });
  write('stderr', `${style.good('✔')} ${isDone(plan) ? 'Nothing to change' : 'Installation complete'}\n`);
  if (!before?.version && values.injector.enabled) write('stderr', `${nextStep(values.revision)}\n`);
  return exitCode.ok;
}

/**
 * As `helm upgrade`: values that are given are all there are, unless `--reuse-values` lays them over the earlier ones; where none are
 * given, the earlier ones stay, unless `--reset-values` is given.
 */
function upgradedValues(given: ReadValues, flags: InstallFlags, before: Installation | undefined, all: readonly Installation[]): ReadValues {
  if (!before) throw notInstalled(given.values, all);
  const hasValues = (flags.filename?.length ?? 0) + (flags.set?.length ?? 0) > 0 || flags.profile !== undefined;
  if (flags.resetValues || (hasValues && !flags.reuseValues)) return given;
  if (before.overrides === undefined) throw notEnded(before);
  return readValues(flags, { name: `values of the installed revision ${before.revision}`, text: before.overrides });
}

function notInstalled({ namespace, revision }: Values, all: readonly Installation[]): CliError {
  const there = all.map((one) => `${one.revision} in ${one.namespace}`).join(', ');
  const help = `weft install installs it.${there === '' ? '' : ` There is: ${there} (choose with --revision and -i).`}`;
  return new CliError(`there is no revision ${revision} in namespace ${namespace} to upgrade`, undefined, help);
}

/** What a first installation was to have is not in the record before it ends. */
function notEnded({ revision, namespace }: Installation): CliError {
  return new CliError(
    `the installation of revision ${revision} in namespace ${namespace} has not ended yet, and its values are not known`,
    undefined,
    'weft install again, with the same values, completes it.',
  );
}

function checkNamespaces([first]: readonly string[]): void {
  if (first === undefined) return;
  throw new CliError(`there is no namespace ${first}, where a gateway is to be installed`, undefined, `Make it first: kubectl create namespace ${first}`);
}

function checkWebhooks(plan: Plan, live: readonly KubeObject[], { force }: InstallFlags): void {
  const conflicts = webhookConflicts(plan, live, new Date());
  if (conflicts.length === 0) return;
  const text = conflicts.map((conflict) => `  ${conflict}`).join('\n');
  if (force) write('stderr', `Warning: pods may be injected twice:\n${text}\n`);
  else
    throw new CliError(
      `pods would be injected twice:\n${text}`,
      undefined,
      'Uninstall the other one, or install this one as another --revision NAME. --force goes on.',
    );
}

async function checkRights(client: KubeClient, plan: Plan): Promise<void> {
  const missing = await missingRights(client, plan);
  if (missing.length === 0) return;
  const text = missing.map((right) => `  ${rightText(right)}`).join('\n');
  throw new CliError(`you may not do all that is needed:\n${text}`, undefined, 'Ask an administrator of the cluster for these rights. Nothing was changed.');
}

function introduction({ profile, namespace, revision }: Values, before: Installation | undefined, client: KubeClient): string {
  const where = client.context === '' ? client.server : `${client.context} (${client.server})`;
  const what = before?.version === undefined || before.version === version ? `weft ${version}` : `weft ${before.version} → ${version}`;
  const text = `${what}, profile ${profile}, revision ${revision}, in namespace ${namespace} of ${where}`;
  if (before?.interruptedAt === undefined) return text;
  return `${text}\nAn installation of ${before.interruptedAt || 'it'} ended in the middle here; this goes on.`;
}

function nextStep(revision: string): string {
  const label = revision === 'default' ? 'istio-injection=enabled' : `istio.io/rev=${revision}`;
  return `New pods of a namespace get sidecars after: kubectl label namespace NAME ${label}`;
}
