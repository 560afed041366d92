import type { KubeClient } from '../kube/client.ts';
import { inParallel } from '../kube/in-parallel.ts';
import { splitApiVersion } from '../kube/path.ts';
import type { Installation } from './installed.ts';
import type { Plan, PlannedObject } from './plan.ts';
import { versionStep } from './version-order.ts';

/** The oldest minor of Kubernetes 1 that has what is installed: native sidecars are on by default there. */
export const oldestMinor = 29;

/** A version of Kubernetes that is too old, as it calls itself; undefined for one that will do. Some write `29+`. */
export function tooOld({ major, minor, gitVersion }: { major: string; minor: string; gitVersion: string }): string | undefined {
  const [first, second] = [Number.parseInt(major, 10), Number.parseInt(minor, 10)];
  if (Number.isNaN(first) || Number.isNaN(second)) return undefined;
  return first < 1 || (first === 1 && second < oldestMinor) ? gitVersion : undefined;
}

/**
 * Namespaces of objects of a plan that are not there, and that the plan does not make.
 *
 * @throws KubeError
 */
export async function missingNamespaces(client: KubeClient, plan: Plan): Promise<string[]> {
  const made = new Set(plan.objects.filter(({ ref }) => ref.kind === 'Namespace').map(({ ref }) => ref.name));
  const needed = new Set(plan.objects.flatMap(({ action, ref }) => (action === 'create' && ref.namespace && !made.has(ref.namespace) ? [ref.namespace] : [])));
  const names = [...needed];
  const found = await inParallel(names, (name) => client.get({ apiVersion: 'v1', kind: 'Namespace', name }));
  return names.filter((_, index) => found[index] === undefined);
}

export interface Right {
  verb: string;
  group: string;
  resource: string;
  /** Absent for kinds without namespaces. */
  namespace?: string;
}

/**
 * What the user needs for a plan and may not do. The API server is asked for each kind of right once.
 *
 * @throws KubeError
 */
export async function missingRights(client: KubeClient, plan: Plan): Promise<Right[]> {
  const wanted = new Map<string, Right>();
  for (const object of plan.objects) {
    const resource = await client.resource(object.ref.apiVersion, object.ref.kind);
    if (!resource) continue;
    const { group } = splitApiVersion(object.ref.apiVersion);
    for (const verb of verbsOf(object)) {
      const right = { verb, group, resource: resource.plural, ...(resource.namespaced && object.ref.namespace ? { namespace: object.ref.namespace } : {}) };
      wanted.set(JSON.stringify(right), right);
    }
  }
  const rights = [...wanted.values()];
  const allowed = await inParallel(rights, (right) => client.canI(right));
  return rights.filter((_, index) => !allowed[index]);
}

/** Server-side apply is a patch; of something new, a creation, too. */
function verbsOf({ action }: PlannedObject): readonly string[] {
  switch (action) {
    case 'create':
      return ['create', 'patch'];
    case 'change':
      return ['patch'];
    case 'remove':
      return ['delete'];
    default:
      return [];
  }
}

export function rightText({ verb, group, resource, namespace }: Right): string {
  return `${verb} ${resource}${group === '' ? '' : `.${group}`}${namespace === undefined ? '' : ` in namespace ${namespace}`}`;
}

/** What stands against installing a version over the one that is there; `force` goes on all the same. */
export interface VersionProblem {
  text: string;
  help: string;
}

export function versionProblem(installed: Installation | undefined, version: string): VersionProblem | undefined {
  const from = installed?.version;
  if (installed === undefined || from === undefined) return undefined;
  const { revision, namespace } = installed;
  switch (versionStep(from, version)) {
    case 'older':
      return {
        text: `revision ${revision} in ${namespace} is weft ${from}, which is newer than this weft (${version})`,
        help: `Install it with weft ${from}, or beside it as another --revision. --force goes back to ${version}: what is stored in the newer form may be lost.`,
      };
    case 'skips':
      return {
        text: `revision ${revision} in ${namespace} is weft ${from}: it cannot become ${version} at once, which skips versions`,
        help: `Upgrade one minor version after the other, or install ${version} beside it with --revision NAME and move namespaces by weft tag. --force skips them all the same.`,
      };
    default:
      return undefined;
  }
}
