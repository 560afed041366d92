// EnvoyFilters on the generated configuration of one proxy.
import type { EnvoyPatch, PatchTarget } from '../../ir/envoy-patch.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import type { TypedJson } from '../json.ts';
import type { EnvoyResources } from '../resources.ts';
import { typeUrls } from '../type-urls.ts';
import { Application, type PatchLog } from './apply.ts';
import { patchCluster } from './clusters.ts';
import { ofListeners, patchListener } from './listeners.ts';
import { contextOfListener, contextOfName } from './match.ts';
import { asResource, type PreparedPatches, preparePatches } from './prepare.ts';
import { type PatchProblem, problemAt } from './problem.ts';
import { ofRoutes, patchRoutes } from './routes.ts';

export interface Patched {
  /** What no patch changes is the same object as before, lists included; what changes is the same for the same object and patches. */
  resources: EnvoyResources;
  problems: readonly PatchProblem[];
  /** Patches that are for nothing of this proxy. */
  unused: readonly EnvoyPatch[];
}

export interface PatchOptions {
  /** Services that an inbound cluster is for, by its name; absent: not known. */
  hostsOf?: (cluster: string) => readonly string[];
}

/** The resources with all patches on them, none of which is changed itself. */
export function patchResources(
  resources: EnvoyResources,
  patches: readonly EnvoyPatch[],
  proxy: Pick<ProxyIdentity, 'role'>,
  options: PatchOptions = {},
): Patched {
  if (patches.length === 0) return { resources, problems: [], unused: [] };
  return patchingOf(patches, proxy.role).apply(resources, options.hostsOf ?? (() => []));
}

/** What was made of lists of patches, as long as these are there. */
const made = new WeakMap<readonly EnvoyPatch[], Patching[]>();

function patchingOf(patches: readonly EnvoyPatch[], role: ProxyIdentity['role']): Patching {
  const known = made.get(patches) ?? [];
  const found = known.find((one) => one.role === role);
  if (found) return found;
  const patching = new Patching(patches, role);
  made.set(patches, [...known, patching]);
  return patching;
}

interface Result {
  resource: TypedJson | undefined;
  log: PatchLog;
}

/** Of resources that no patch is for: most of them. */
const silent: PatchLog = { problems: [], used: new Set() };

class Patching {
  readonly role: ProxyIdentity['role'];
  private readonly patches: readonly EnvoyPatch[];
  private readonly prepared: PreparedPatches;
  private readonly results = new WeakMap<TypedJson, Result>();
  private readonly added: ReadonlyMap<PatchTarget, readonly { patch: EnvoyPatch; resource: TypedJson }[]>;

  constructor(patches: readonly EnvoyPatch[], role: ProxyIdentity['role']) {
    this.patches = patches;
    this.role = role;
    // Those of the bootstrap are patchBootstrap's.
    this.prepared = preparePatches(patches.filter(({ applyTo }) => applyTo !== 'BOOTSTRAP'));
    this.added = new Map([this.additions('LISTENER', typeUrls.listener), this.additions('CLUSTER', typeUrls.cluster)]);
  }

  apply(resources: EnvoyResources, hostsOf: (cluster: string) => readonly string[]): Patched {
    const problems = new Map<string, PatchProblem>();
    const used = new Set<EnvoyPatch>(this.patches.filter(({ applyTo }) => applyTo === 'EXTENSION_CONFIG' || applyTo === 'BOOTSTRAP'));
    const take = (log: PatchLog): void => {
      for (const patch of log.used) used.add(patch);
      for (const problem of log.problems) problems.set(JSON.stringify(problem), problem);
    };
    for (const problem of this.prepared.problems) problems.set(JSON.stringify(problem), problem);
    const each = (list: TypedJson[], targets: readonly PatchTarget[], change: (resource: TypedJson) => Result): TypedJson[] => {
      if (!targets.some((target) => this.prepared.byTarget.has(target))) return list;
      const out = list.flatMap((resource) => {
        const { resource: changed, log } = this.resultOf(resource, change);
        take(log);
        return changed ?? [];
      });
      const [first] = targets;
      take(this.add(first, out));
      return out.length === list.length && out.every((resource, i) => resource === list[i]) ? list : out;
    };
    const { role } = this;
    const listeners = each(resources.listeners, [...ofListeners, ...ofRoutes], (listener) => {
      const application = new Application(this.prepared, contextOfListener({ role }, listener));
      return { resource: patchListener(listener, application) as TypedJson | undefined, log: application.log };
    });
    const routes = each(resources.routes, ofRoutes, (config) => {
      const application = new Application(this.prepared, contextOfName({ role }, String(config.name)));
      return { resource: patchRoutes(config, application), log: application.log };
    });
    const clusters = each(resources.clusters, ['CLUSTER'], (cluster) => {
      const name = String(cluster.name);
      const application = new Application(this.prepared, contextOfName({ role }, name));
      return { resource: patchCluster(cluster, application, () => hostsOf(name)) as TypedJson | undefined, log: application.log };
    });
    const same = listeners === resources.listeners && routes === resources.routes && clusters === resources.clusters;
    return {
      resources: same ? resources : { ...resources, listeners, routes, clusters },
      problems: [...problems.values()],
      unused: this.patches.filter((patch) => !used.has(patch)),
    };
  }

  private resultOf(resource: TypedJson, change: (resource: TypedJson) => Result): Result {
    let found = this.results.get(resource);
    if (!found) {
      found = change(resource);
      if (found.log.used.size === 0 && found.log.problems.length === 0) found.log = silent;
      this.results.set(resource, found);
    }
    return found;
  }

  /** Resources that are added: the order of listeners and of clusters does not count. */
  private additions(target: PatchTarget, typeUrl: string): [PatchTarget, { patch: EnvoyPatch; resource: TypedJson }[]] {
    const adding = (this.prepared.byTarget.get(target) ?? []).filter(({ patch }) => patch.operation !== 'MERGE' && patch.operation !== 'REMOVE');
    return [target, adding.map(({ patch, value }) => ({ patch, resource: asResource(typeUrl, value) }))];
  }

  /** Adds to a list of resources, where the first of a name stays. */
  private add(target: PatchTarget | undefined, list: TypedJson[]): PatchLog {
    const log: PatchLog = { problems: [], used: new Set() };
    for (const { patch, resource } of (target && this.added.get(target)) ?? []) {
      log.used.add(patch);
      const there = list.find(({ name }) => name === resource.name);
      if (!there) list.push(resource);
      else if (JSON.stringify(there) !== JSON.stringify(resource)) {
        const what = target === 'LISTENER' ? 'listener' : 'cluster';
        log.problems.push(problemAt(patch, 'duplicate-name', `there is a ${what} ${String(resource.name)} already, which stays`));
      }
    }
    return log;
  }
}
