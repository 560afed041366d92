import type { EnvoyPatch } from '../../ir/envoy-patch.ts';
import type { JsonObject } from '../json.ts';
import { Application } from './apply.ts';
import { preparePatches } from './prepare.ts';
import type { PatchProblem } from './problem.ts';

/**
 * A bootstrap with the patches of BOOTSTRAP merged into it, whatever their context.
 *
 * @returns `bootstrap`: the same object where there are none
 */
export function patchBootstrap(bootstrap: JsonObject, patches: readonly EnvoyPatch[]): { bootstrap: JsonObject; problems: PatchProblem[] } {
  const ofBootstrap = patches.filter(({ applyTo }) => applyTo === 'BOOTSTRAP');
  if (ofBootstrap.length === 0) return { bootstrap, problems: [] };
  const prepared = preparePatches(ofBootstrap);
  const application = new Application(prepared, undefined);
  const merged = application.patches('BOOTSTRAP').reduce((into, patch) => application.merge(patch, into), bootstrap);
  return { bootstrap: merged, problems: [...prepared.problems, ...application.log.problems] };
}
