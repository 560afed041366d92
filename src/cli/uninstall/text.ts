import type { Style } from '../../analysis/report/style.ts';
import type { NamespaceFate, Removal } from '../../install/removal.ts';
import { tagsOf } from '../../install/tags.ts';
import type { RevisionUsers } from '../../install/users.ts';
import { ownerLabels } from '../../install/values.ts';
import { type KubeObject, refOf, refText } from '../../kube/object.ts';
import { counted } from '../counted.ts';

export interface ShownRemoval {
  removal: Removal;
  fates: ReadonlyMap<KubeObject, NamespaceFate>;
}

/** More objects of one kind are one line. */
const listed = 4;

/** What is removed, as people read it before they agree. */
export function removalText({ removal, fates }: ShownRemoval, style: Style, { verbose }: { verbose: boolean }): string {
  const minus = style.error('-');
  const byKind = new Map<string, KubeObject[]>();
  for (const object of removal.objects) byKind.set(object.kind, [...(byKind.get(object.kind) ?? []), object]);
  const lines = [...byKind].flatMap(([kind, objects]) => {
    if (verbose || objects.length <= listed) return objects.map((object) => `${minus} ${refText(refOf(object))}`);
    const names = objects.slice(0, 2).map(({ metadata }) => metadata.name);
    return `${minus} ${objects.length} of kind ${kind} ${style.dim(`(${names.join(', ')}, …)`)}`;
  });
  for (const { name, revision } of tagsOf(removal.tags)) lines.push(`${minus} tag ${name} ${style.dim(`(of revision ${revision})`)}`);
  for (const [namespace, fate] of fates) {
    lines.push(fate.goes ? `${minus} Namespace ${namespace.metadata.name}` : `  Namespace ${namespace.metadata.name} stays: ${fate.why}`);
  }
  const going = [...fates.values()].filter((fate) => fate.goes).length + removal.objects.length + removal.tags.length;
  lines.push('', `${going} to remove`, ...userObjectsText(removal, style));
  return `${lines.join('\n')}\n`;
}

function userObjectsText({ userObjects }: Removal, style: Style): string[] {
  if (userObjects.size === 0) return [];
  const total = [...userObjects.values()].reduce((sum, count) => sum + count, 0);
  const kinds = [...userObjects].map(([name, count]) => `  ${count} ${name}`);
  return [
    '',
    style.error(`With the definitions of their kinds, ${counted(total, 'object')} of users ${total === 1 ? 'goes' : 'go'}, in all namespaces:`),
    ...kinds,
  ];
}

/** Gateways that go with one revision: what they serve ends. Undefined where none does. */
export function gatewaysWarning({ objects }: Removal): string | undefined {
  const gateways = objects.filter(({ kind, metadata }) => kind === 'Deployment' && metadata.labels?.[ownerLabels.component] === 'IngressGateways');
  if (gateways.length === 0) return undefined;
  const names = gateways.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(', ');
  return `${counted(gateways.length, 'gateway')} ${gateways.length === 1 ? 'goes' : 'go'} with the revision: ${names}. To keep them, install another revision with them first, which takes them over.`;
}

const named = 5;

/** Who uses a revision, one kind of user a line; none where nobody does. */
export function usersText({ namespaces, pods }: RevisionUsers, tags: readonly string[]): string[] {
  const list = (names: readonly string[], what: string): string[] => {
    if (names.length === 0) return [];
    const more = names.length > named ? `, and ${names.length - named} more` : '';
    return [`${counted(names.length, what)}: ${names.slice(0, named).join(', ')}${more}`];
  };
  return [...list(tags, 'tag'), ...list(namespaces, 'namespace'), ...list(pods, 'injected pod')];
}
