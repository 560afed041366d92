import { findRemoval, remove } from '../../install/removal.ts';
import { defaultTag } from '../../install/tags.ts';
import { usesAny } from '../../install/users.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import { nearest } from '../../manifest/nearest.ts';
import { toCliError } from '../cluster.ts';
import { counted } from '../counted.ts';
import { CliError, exitCode } from '../exit.ts';
import { confirm } from '../install/confirm.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { type TagContext, tagContext } from './context.ts';
import type { TagFlags } from './run.ts';

/** `weft tag remove`. New pods of namespaces that use the tag get no sidecars any more: so there is a warning, and a question. */
export async function removeTag(client: KubeClient, tag: string, flags: TagFlags): Promise<number> {
  const context = await tagContext(client);
  const found = context.tags.find(({ name, owner }) => name === tag && (flags.istioNamespace === undefined || owner === flags.istioNamespace));
  if (!found) throw notThere(tag, context);
  const users = context.namespaces.filter((namespace) => usesAny(namespace, [tag])).map(({ metadata }) => metadata.name);
  if (users.length > 0) {
    write(
      'stderr',
      `Warning: ${counted(users.length, 'namespace')} ${users.length === 1 ? 'uses' : 'use'} tag ${tag}: ${users.join(', ')}. New pods there get no sidecars without it.\n`,
    );
  }
  if (!flags.skipConfirmation) confirm(`Tag ${tag}, which leads to revision ${found.revision}, will be removed. Proceed?`);
  const { tags } = await findRemoval(client, { revision: found.revision, namespace: found.owner });
  try {
    await remove(client, tags.filter(isOf(tag)), { timeoutMs: 60_000, removed: () => {} });
  } catch (error) {
    throw toCliError(error, 'The same again removes what is left.');
  }
  const style = await styleFor(wantsColour(flags.color, 'stderr'));
  write('stderr', `${style.good('✔')} Tag ${tag} removed\n`);
  if (tag === defaultTag && context.installations.some(({ revision }) => revision === 'default')) {
    write('stderr', 'weft install gives the revision default its own webhooks back.\n');
  }
  return exitCode.ok;
}

function isOf(tag: string): (object: KubeObject) => boolean {
  return ({ metadata }) => metadata.labels?.['istio.io/tag'] === tag;
}

function notThere(tag: string, { tags }: TagContext): CliError {
  const names = tags.map(({ name }) => name);
  const near = nearest(tag, names);
  const help = near ? `Did you mean ${near}?` : names.length > 0 ? `There is: ${names.join(', ')}` : 'There are no tags.';
  return new CliError(`there is no tag ${tag}`, undefined, help);
}
