import { type Installation, installations } from '../../install/installed.ts';
import { type Tag, tagsOf } from '../../install/tags.ts';
import type { Values } from '../../install/values.ts';
import type { KubeClient } from '../../kube/client.ts';
import { listAll, mutatingWebhooks } from '../../kube/list-all.ts';
import type { KubeObject } from '../../kube/object.ts';
import { nearest } from '../../manifest/nearest.ts';
import { CliError } from '../exit.ts';
import { readValues } from '../install/read-values.ts';

/** What of a cluster has to do with tags. */
export interface TagContext {
  installations: readonly Installation[];
  /** All MutatingWebhookConfigurations, also of others. */
  webhooks: readonly KubeObject[];
  tags: readonly Tag[];
  namespaces: readonly KubeObject[];
}

export async function tagContext(client: KubeClient): Promise<TagContext> {
  const [all, webhooks, namespaces] = await Promise.all([
    installations(client),
    mutatingWebhooks(client),
    listAll(client, 'v1', 'Namespace', { metadataOnly: true }),
  ]);
  return { installations: all, webhooks, tags: tagsOf(webhooks), namespaces };
}

/** @throws CliError for a revision that is not installed, or not completely */
export function installationNamed({ installations: all }: TagContext, revision: string, owner: string | undefined): Installation {
  const found = all.find((one) => one.revision === revision && (owner === undefined || one.namespace === owner));
  if (!found) {
    const names = all.map((one) => one.revision);
    const near = nearest(revision, names);
    const help = near ? `Did you mean ${near}?` : names.length > 0 ? `There is: ${names.join(', ')}` : 'weft install installs one.';
    throw new CliError(`there is no revision ${revision}${owner === undefined ? '' : ` in namespace ${owner}`}`, undefined, help);
  }
  if (found.version === undefined) {
    throw new CliError(`the installation of revision ${revision} has not ended yet`, undefined, 'weft install again, with the same values, completes it.');
  }
  return found;
}

/** The values of an installation, with those of a tag over them. */
export function valuesOf({ revision, overrides = '' }: Installation, set: readonly string[]): Values {
  return readValues({ set: [...set] }, { name: `values of the installed revision ${revision}`, text: overrides }).values;
}
