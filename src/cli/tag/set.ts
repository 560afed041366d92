import type { Installation } from '../../install/installed.ts';
import { readLive } from '../../install/live.ts';
import { type DesiredObject, isDone, type Plan, planOf } from '../../install/plan.ts';
import { renderTag } from '../../install/render/revision-tag.ts';
import { manifestYaml } from '../../install/render/yaml.ts';
import { defaultTag, ownWebhooks } from '../../install/tags.ts';
import { usesAny } from '../../install/users.ts';
import type { KubeClient } from '../../kube/client.ts';
import { type KubeObject, refOf } from '../../kube/object.ts';
import { toCliError } from '../cluster.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { checkPlan } from '../install/blockers.ts';
import { confirm } from '../install/confirm.ts';
import { perform } from '../install/perform.ts';
import { planText } from '../install/plan-text.ts';
import { webhookConflicts } from '../install/webhook-conflicts.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { installationNamed, type TagContext, tagContext, valuesOf } from './context.ts';
import type { TagFlags } from './run.ts';

interface TagPlan {
  installation: Installation;
  desired: DesiredObject[];
  context: TagContext;
}

/**
 * What makes a tag.
 *
 * @throws CliError where the tag has the name of a revision, or exists and may not be overwritten
 */
async function desiredTag(client: KubeClient, tag: string, flags: TagFlags): Promise<TagPlan> {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(tag))
    throw usageError(`"${tag}" is no name of a tag: it takes small letters, digits and hyphens, at most 63`);
  if (!flags.revision) throw usageError('which revision does the tag lead to?', 'Say --revision NAME.');
  const context = await tagContext(client);
  const installation = installationNamed(context, flags.revision, flags.istioNamespace);
  const { revision } = installation;
  checkName(tag, installation, context, flags);
  const values = valuesOf(installation, flags.autoInjectNamespaces ? ['injector.enableNamespacesByDefault=true'] : []);
  if (!values.injector.enabled) throw new CliError(`revision ${revision} injects nothing (injector.enabled is false), so no tag can lead to it`);
  const desired = renderTag(values, tag, { weftVersion: installation.version as string });
  return { installation, desired, context };
}

/** @throws CliError where the name is somebody else's, or leads elsewhere */
function checkName(tag: string, { revision, namespace }: Installation, { tags, installations }: TagContext, { overwrite }: TagFlags): void {
  const before = tags.find(({ name }) => name === tag);
  if (before && before.owner !== namespace) throw new CliError(`tag ${tag} belongs to the control plane in namespace ${before.owner}`);
  if (before && before.revision !== revision && !overwrite) {
    throw new CliError(`tag ${tag} leads to revision ${before.revision}`, undefined, `--overwrite makes it lead to ${revision}.`);
  }
  const same = installations.find((one) => one.revision === tag && one.revision !== revision);
  if (!same) return;
  if (tag !== defaultTag) {
    throw new CliError(`there is a revision ${tag}, and a tag of this name would be confused with it`, undefined, 'Choose another name.');
  }
  // That of another control plane is not ours to take: its webhooks stand against the tag.
  if (!overwrite && same.namespace === namespace)
    throw new CliError('revision default serves what names no revision', undefined, `--overwrite gives that to revision ${revision}.`);
}

/** `weft tag generate`: the manifests on stdout. */
export async function generateTag(client: KubeClient, tag: string, flags: TagFlags): Promise<number> {
  const { desired } = await desiredTag(client, tag, flags);
  write('stdout', manifestYaml(desired.map(({ object }) => object)));
  return exitCode.ok;
}

/** `weft tag set`: applies them, and takes the default from a revision `default` that has it by itself. */
export async function setTag(client: KubeClient, tag: string, flags: TagFlags): Promise<number> {
  const { installation, desired, context } = await desiredTag(client, tag, flags);
  const { revision, namespace: owner } = installation;
  const version = installation.version as string;
  const plan = planOf(desired, await readLive(client, desired, owner), { owner, revision, version });
  // Those of this tag change; nothing else of this revision does.
  const changes: Plan = { objects: plan.objects.filter(({ action }) => action !== 'remove') };
  const replaced = tag === defaultTag && flags.overwrite ? await ownDefault(client, owner) : [];
  checkPlan(changes, desired, { owner, forceConflicts: flags.forceConflicts === true });
  checkConflicts(tag, changes, context, replaced);
  const colour = wantsColour(flags.color, 'stderr');
  const style = await styleFor(colour);
  if (isDone(changes) && replaced.length === 0) {
    // It may have been interrupted before that.
    await copyAuthority(client, desired, installation);
    write('stderr', `${style.good('✔')} Tag ${tag} leads to revision ${revision} already\n`);
    return exitCode.ok;
  }
  if (!flags.skipConfirmation) {
    write('stderr', planText(changes, style));
    confirm(`\n${question(tag, revision, context)}`);
  }
  const options = { revision, version, force: flags.forceConflicts === true, wait: false, timeoutMs: 60_000, style, colour };
  await perform(client, changes, { ...options, command: 'weft tag set', quiet: true });
  try {
    await copyAuthority(client, desired, installation);
    for (const object of replaced) await client.delete(refOf(object));
  } catch (error) {
    throw toCliError(error, 'weft tag set again, with the same flags, goes on from here.');
  }
  write('stderr', `${style.good('✔')} Tag ${tag} leads to revision ${revision}\n`);
  if (replaced.length > 0) write('stderr', 'Revision default has no webhooks of its own any more.\n');
  write(
    'stderr',
    tag === defaultTag
      ? 'Restart the pods that are to move.\n'
      : `Namespaces use it by their label: kubectl label namespace NAME istio.io/rev=${tag} --overwrite\n`,
  );
  return exitCode.ok;
}

function question(tag: string, revision: string, { tags, namespaces }: TagContext): string {
  const before = tags.find(({ name }) => name === tag);
  const users = namespaces.filter((namespace) => usesAny(namespace, [tag])).length;
  const moved = before && before.revision !== revision && users > 0 ? `, and so do new pods of ${users} namespace${users === 1 ? '' : 's'}` : '';
  return `Tag ${tag} will lead to revision ${revision}${moved}. Proceed?`;
}

/** The webhooks that a revision of the name `default` has by itself. */
async function ownDefault(client: KubeClient, owner: string): Promise<KubeObject[]> {
  const kinds = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];
  const [mutating, validating] = [...ownWebhooks('default')];
  const found = await Promise.all(
    [mutating, validating].map((name, index) =>
      client.get({ apiVersion: 'admissionregistration.k8s.io/v1', kind: kinds[index] as string, name: name as string }),
    ),
  );
  return found.filter((object) => object !== undefined && object.metadata.labels?.['weft.mesh/owner'] === owner) as KubeObject[];
}

function checkConflicts(tag: string, plan: Plan, { webhooks }: TagContext, replaced: readonly KubeObject[]): void {
  const gone = new Set(replaced.map(({ metadata }) => metadata.name));
  const conflicts = webhookConflicts(
    plan,
    webhooks.filter(({ metadata }) => !gone.has(metadata.name)),
    new Date(),
  );
  if (conflicts.length === 0) return;
  const help =
    tag === defaultTag
      ? '--overwrite takes the default from the revision default of this control plane; another mesh has to give it up itself.'
      : 'Choose another name for the tag.';
  throw new CliError(`pods would be injected twice:\n${conflicts.map((text) => `  ${text}`).join('\n')}`, undefined, help);
}

/**
 * Gives the webhooks of a tag the certificate authority that those of the revision have: its controller does that, too, but until then
 * pods would be refused.
 */
async function copyAuthority(client: KubeClient, desired: readonly DesiredObject[], { revision }: Installation): Promise<void> {
  const [name] = [...ownWebhooks(revision)];
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const source = await client.get({ apiVersion, kind: 'MutatingWebhookConfiguration', name: name as string });
  const authority = hooksOf(source)[0]?.clientConfig?.caBundle;
  if (authority === undefined) return;
  for (const { object } of desired.filter(({ object }) => object.kind.endsWith('WebhookConfiguration'))) {
    const hooks = hooksOf(await client.get(refOf(object)));
    const patch = hooks.flatMap(({ name: hook, clientConfig }, index) =>
      clientConfig?.caBundle === authority
        ? []
        : [
            { op: 'test', path: `/webhooks/${index}/name`, value: hook },
            { op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: authority },
          ],
    );
    if (patch.length > 0) await client.patch(refOf(object), patch, { type: 'json', fieldManager: 'weft-controller' });
  }
}

function hooksOf(object: KubeObject | undefined): { name: string; clientConfig?: { caBundle?: string } }[] {
  return Array.isArray(object?.webhooks) ? object.webhooks : [];
}
