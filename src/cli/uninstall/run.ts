import { type Installation, installations } from '../../install/installed.ts';
import { fateOfNamespace, findRemoval, type Left, type NamespaceFate, type Removal, type RemovalTarget, remove } from '../../install/removal.ts';
import { tagsOf } from '../../install/tags.ts';
import { type RevisionUsers, usersOf } from '../../install/users.ts';
import type { KubeClient } from '../../kube/client.ts';
import { type KubeObject, refOf, refText } from '../../kube/object.ts';
import { type ClusterFlags, toCliError } from '../cluster.ts';
import { counted } from '../counted.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { checkCanConfirm, confirm } from '../install/confirm.ts';
import { parseWait } from '../install/flags.ts';
import { Interrupt } from '../install/interrupt.ts';
import { createProgress } from '../install/progress.ts';
import { warnOfNamespace } from '../install/warnings.ts';
import { withClient } from '../install/with-client.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { gatewaysWarning, removalText, usersText } from './text.ts';

/** Flags of `weft uninstall` as commander gives them. */
export interface UninstallFlags extends ClusterFlags {
  revision?: string;
  purge?: boolean;
  /** Given on the command line. */
  istioNamespace?: string;
  namespace?: string;
  skipConfirmation?: boolean;
  dryRun?: boolean;
  force?: boolean;
  verbose?: boolean;
  timeout: string;
  color?: boolean;
}

/**
 * Removes one revision, or all that weft has installed.
 *
 * @returns the exit code
 * @throws CliError for a revision that is not there or in use, and for what does not go away
 */
export async function runUninstall(flags: UninstallFlags): Promise<number> {
  const target = targetOf(flags);
  const timeoutMs = parseWait('timeout', flags.timeout);
  checkCanConfirm(flags.skipConfirmation === true || flags.dryRun === true, '-y to go on, or --dry-run to see what would be removed');
  warnOfNamespace(flags);
  return withClient(flags, (client) => uninstall(client, target, timeoutMs, flags));
}

function targetOf({ revision, purge, istioNamespace }: UninstallFlags): RemovalTarget {
  if (purge && revision !== undefined) throw usageError('--purge removes all revisions, so it goes without --revision');
  if (purge) return 'everything';
  if (revision === undefined || revision === '')
    throw usageError('what is to be removed?', 'Say --revision NAME for one control plane (the usual one is default), or --purge for everything.');
  return { revision, namespace: istioNamespace };
}

async function uninstall(client: KubeClient, target: RemovalTarget, timeoutMs: number, flags: UninstallFlags): Promise<number> {
  if (target === 'everything') checkAlone(await installations(client), flags);
  const removal = await findRemoval(client, target);
  const all = [...removal.objects, ...removal.tags];
  if (all.length + removal.namespaces.length === 0) {
    if (target !== 'everything') throw notThere(target.revision, await installations(client));
    write('stderr', 'There is nothing of weft in this cluster.\n');
    return exitCode.ok;
  }
  const users = target === 'everything' ? undefined : await usersOf(client, [target.revision, ...tagNames(removal)]);
  const fates = new Map<KubeObject, NamespaceFate>();
  for (const namespace of removal.namespaces) fates.set(namespace, await fateOfNamespace(client, namespace, all));

  const to = flags.dryRun ? 'stdout' : 'stderr';
  const shown = { verbose: flags.verbose === true };
  write(to, removalText({ removal, fates }, await styleFor(wantsColour(flags.color, to)), shown));
  const gateways = target === 'everything' ? undefined : gatewaysWarning(removal);
  if (gateways !== undefined) write('stderr', `\nWarning: ${gateways}\n`);
  checkUsers(target, removal, users, flags);
  if (flags.dryRun) return exitCode.ok;
  if (!flags.skipConfirmation) confirm('\nProceed?');
  await removeAll(client, removal, timeoutMs, flags);
  return exitCode.ok;
}

/** Who names a namespace does not mean the control planes of others. */
function checkAlone(all: readonly Installation[], { istioNamespace }: UninstallFlags): void {
  const others = all.filter(({ namespace }) => istioNamespace !== undefined && namespace !== istioNamespace);
  if (others.length === 0) return;
  throw new CliError(
    `--purge removes the control planes of all namespaces, not only that of ${istioNamespace}: there is ${others.map((one) => `${one.revision} in ${one.namespace}`).join(', ')}`,
    undefined,
    `Remove one with --revision NAME -i ${istioNamespace}, or all of them with --purge, without -i.`,
  );
}

/** Tags that lead to the revision. */
function tagNames({ tags }: Removal): string[] {
  return [...new Set(tagsOf(tags).map(({ name }) => name))];
}

function notThere(revision: string, all: readonly Installation[]): CliError {
  const there = all.map((one) => `${one.revision} in ${one.namespace}`).join(', ');
  return new CliError(
    `there is no revision ${revision} to remove`,
    undefined,
    there === '' ? 'Nothing of weft is installed in this cluster.' : `There is: ${there}`,
  );
}

function checkUsers(target: RemovalTarget, removal: Removal, users: RevisionUsers | undefined, { force }: UninstallFlags): void {
  if (target === 'everything' || !users) return;
  const lines = usersText(users, tagNames(removal));
  if (lines.length === 0) return;
  const text = lines.map((line) => `  ${line}`).join('\n');
  if (force) {
    write('stderr', `Warning: revision ${target.revision} is in use:\n${text}\n`);
    return;
  }
  throw new CliError(
    `revision ${target.revision} is in use:\n${text}`,
    undefined,
    'Move them to another revision first: by their label istio.io/rev, or weft tag set TAG --revision OTHER --overwrite; then restart the pods. --force removes it all the same.',
  );
}

async function removeAll(client: KubeClient, removal: Removal, timeoutMs: number, flags: UninstallFlags): Promise<void> {
  const colour = wantsColour(flags.color, 'stderr');
  const style = await styleFor(colour);
  const progress = await createProgress(style, colour);
  const interrupt = new Interrupt();
  let count = 0;
  const options = {
    timeoutMs,
    signal: interrupt.signal,
    removed: (object: KubeObject): void => {
      count++;
      if (flags.verbose) progress.done(`${refText(refOf(object))} removed`);
    },
    waiting: (objects: readonly KubeObject[]): void => progress.wait(`${refText(refOf(objects[0] as KubeObject))} to go`),
  };
  progress.start('Removing');
  try {
    const left = [...(await remove(client, [...removal.tags, ...removal.objects], options))];
    const namespaces: KubeObject[] = [];
    // What was in them is seen again: others may have come meanwhile.
    for (const namespace of removal.namespaces) if ((await fateOfNamespace(client, namespace, removal.objects)).goes) namespaces.push(namespace);
    left.push(...(await remove(client, namespaces, options)));
    if (left.length > 0) throw stuck(left, flags);
  } catch (error) {
    progress.stop();
    const again = 'The same again removes what is left.';
    if (interrupt.reason !== undefined)
      throw new CliError(`interrupted by ${interrupt.reason}, in the middle: ${counted(count, 'object')} removed`, undefined, again);
    throw toCliError(error, again);
  } finally {
    interrupt.end();
  }
  progress.done(`${counted(count, 'object')} removed`);
  progress.done('Uninstall complete');
}

function stuck(left: Left, { timeout }: UninstallFlags): CliError {
  const lines = left.map(({ ref, finalizers }) => `  ${refText(ref)}${finalizers.length > 0 ? `: waits for ${finalizers.join(', ')}` : ''}`);
  return new CliError(`not gone after ${timeout}:\n${lines.join('\n')}`, undefined, 'The cluster goes on removing them. The same again removes what is left.');
}
