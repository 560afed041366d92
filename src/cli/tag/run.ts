import type { KubeClient } from '../../kube/client.ts';
import type { ClusterFlags } from '../cluster.ts';
import { checkCanConfirm } from '../install/confirm.ts';
import { withClient } from '../install/with-client.ts';
import { listTags } from './list.ts';
import { removeTag } from './remove.ts';
import { generateTag, setTag } from './set.ts';

/** Flags of `weft tag …` as commander gives them. */
export interface TagFlags extends ClusterFlags {
  revision?: string;
  overwrite?: boolean;
  autoInjectNamespaces?: boolean;
  forceConflicts?: boolean;
  skipConfirmation?: boolean;
  output?: string;
  color?: boolean;
  /** Given on the command line. */
  istioNamespace?: string;
}

const actions: Readonly<Record<'set' | 'generate' | 'remove', (client: KubeClient, tag: string, flags: TagFlags) => Promise<number>>> = {
  set: setTag,
  generate: generateTag,
  remove: removeTag,
};

/** @returns the exit code */
export async function runTag(action: keyof typeof actions, tag: string, flags: TagFlags): Promise<number> {
  if (action !== 'generate') checkCanConfirm(flags.skipConfirmation === true, '-y to go on');
  return withClient(flags, (client) => actions[action](client, tag, flags));
}

export async function runTagList(flags: TagFlags): Promise<number> {
  return withClient(flags, (client) => listTags(client, flags));
}
