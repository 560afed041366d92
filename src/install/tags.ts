import type { KubeObject } from '../kube/object.ts';
import { revisionLabel } from '../model/injection.ts';
import type { DesiredObject } from './plan.ts';
import type { RenderOptions } from './render/object.ts';
import { renderTag, tagLabel } from './render/revision-tag.ts';
import { installedNames, ownerLabels, type Values } from './values.ts';

/** A name that namespaces carry instead of that of a revision. */
export interface Tag {
  name: string;
  revision: string;
  /** Namespace of the control plane. */
  owner: string;
}

/** @param objects that tags are made of; those of others are left out */
export function tagsOf(objects: readonly KubeObject[]): Tag[] {
  const tags = new Map<string, Tag>();
  for (const { metadata } of objects) {
    const { [tagLabel]: name, [revisionLabel]: revision, [ownerLabels.owner]: owner } = metadata.labels ?? {};
    if (name !== undefined && revision !== undefined && owner !== undefined) tags.set(`${owner}/${name}`, { name, revision, owner });
  }
  return [...tags.values()].sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

/** The tag of everything that names no revision. */
export const defaultTag = 'default';

/** What of a cluster decides who serves what names no revision. */
export interface Others {
  /** All MutatingWebhookConfigurations. */
  webhooks: readonly KubeObject[];
  /** Whether there are other revisions than the one that is installed. */
  areOtherRevisions: boolean;
}

/**
 * Gives the tag `default` to a first revision with a name, and keeps the revision `default` from injecting what that tag has given to
 * another revision: one of both only, or pods would be injected twice.
 */
export function withDefaultTag(
  desired: readonly DesiredObject[],
  values: Values,
  options: RenderOptions,
  { webhooks, areOtherRevisions }: Others,
): DesiredObject[] {
  const { revision, injector, controller } = values;
  const tag = tagsOf(webhooks).find(({ name }) => name === defaultTag);
  if (revision === 'default') {
    if (tag === undefined || tag.revision === revision) return [...desired];
    const own = ownWebhooks(revision);
    return desired.filter(({ object }) => !(object.kind.endsWith('WebhookConfiguration') && own.has(object.metadata.name)));
  }
  if (!injector.enabled || !controller.enabled || desired.length === 0) return [...desired];
  const isFree = tag === undefined ? !areOtherRevisions && !webhooks.some(servesDefault) : tag.revision === revision && !areOtherRevisions;
  return isFree ? [...desired, ...renderTag(values, defaultTag, options)] : [...desired];
}

/** Of any mesh: by its labels. */
function servesDefault({ metadata: { labels = {} } }: KubeObject): boolean {
  return labels[tagLabel] === defaultTag || (labels[revisionLabel] === 'default' && labels[tagLabel] === undefined);
}

/** Names of the webhooks that a revision has by itself. */
export function ownWebhooks(revision: string): ReadonlySet<string | undefined> {
  const { mutatingWebhook, validatingWebhook } = installedNames(revision);
  return new Set([mutatingWebhook, validatingWebhook]);
}
