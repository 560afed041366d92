import { fieldText } from '../../install/diff/path.ts';
import { conflictsOf, type DesiredObject, fixedChanges, foreignObjects, type Plan } from '../../install/plan.ts';
import { type ObjectRef, refText } from '../../kube/object.ts';
import { counted } from '../counted.ts';
import { CliError } from '../exit.ts';

export interface BlockerOptions {
  /** Namespace of the control plane. */
  owner: string;
  forceConflicts: boolean;
}

/**
 * What stands against a plan, whatever is forced elsewhere.
 *
 * @throws CliError that says how to go on
 */
export function checkPlan(plan: Plan, desired: readonly DesiredObject[], { owner, forceConflicts }: BlockerOptions): void {
  checkOwner(plan, desired, owner);
  checkFixed(plan);
  if (!forceConflicts) checkConflicts(plan);
}

function checkOwner(plan: Plan, desired: readonly DesiredObject[], owner: string): void {
  const [first, ...more] = foreignObjects(plan, desired, owner);
  if (!first) return;
  const others = more.length > 0 ? ` and ${more.length} more belong` : ' belongs';
  throw new CliError(
    `${refText(first.ref)}${others} to the control plane in namespace ${first.owner}`,
    undefined,
    `Change that one with -i ${first.owner}, give this one another name with --revision NAME, or uninstall the other first.`,
  );
}

function checkFixed(plan: Plan): void {
  const fixed = fixedChanges(plan);
  const [first] = fixed;
  if (!first) return;
  const said = fixed.map(({ ref, field }) => `${field} of ${refText(ref)}`).join(', ');
  throw new CliError(`these values cannot be changed in place: Kubernetes does not let anybody change ${said}`, undefined, deleteHelp(first.ref));
}

function deleteHelp({ kind, namespace, name }: ObjectRef): string {
  const where = namespace ? ` -n ${namespace}` : '';
  return `Install the new values beside the old ones with --revision NAME, or delete the object and run this again: kubectl delete ${kind.toLowerCase()} ${name}${where}`;
}

function checkConflicts(plan: Plan): void {
  const conflicts = conflictsOf(plan);
  if (conflicts.length === 0) return;
  const lines = conflicts.map(({ ref, path, owners }) => `  ${refText(ref)}: ${fieldText(path)} is set by ${owners.join(' and ')}`);
  throw new CliError(
    `${counted(conflicts.length, 'field')} of what is to be changed ${conflicts.length === 1 ? 'was' : 'were'} set by somebody else:\n${lines.join('\n')}`,
    undefined,
    conflictHelp,
  );
}

export const conflictHelp = 'Take them over with --force-conflicts, or set the values to what is there. Without either, nothing is changed.';
