import { dump } from 'js-yaml';
import type { Style } from '../../analysis/report/style.ts';
import { fieldText } from '../../install/diff/path.ts';
import { countsOf, type Plan, type PlannedChange, type PlannedObject } from '../../install/plan.ts';
import { ownerLabels } from '../../install/values.ts';
import { refText } from '../../kube/object.ts';
import { changedLines } from '../manifest/changed-lines.ts';

export interface PlanTextOptions {
  /** All lines of long differences, and one line for each object. */
  verbose?: boolean;
}

/** More objects of one kind are one line. */
const listedObjects = 4;
/** More changed lines of one field are counted. */
const listedLines = 40;

/**
 * A plan as people read it: one line for each object that is created (`+`), changed (`~`) or removed (`-`), with the fields that change
 * below it, and a summary as the last line.
 */
export function planText(plan: Plan, style: Style, options: PlanTextOptions = {}): string {
  const lines = [...created(plan, style, options), ...allChanged(plan, style, options), ...removed(plan, style)];
  if (lines.length > 0) lines.push('');
  return `${[...lines, summaryText(plan, style)].join('\n')}\n`;
}

/** `3 to create, 1 to change, 0 to remove, 40 unchanged`. */
function summaryText(plan: Plan, style: Style): string {
  const { create, change, remove, unchanged, kept } = countsOf(plan);
  const colour = (count: number, text: string, paint: (text: string) => string): string => (count > 0 ? paint(text) : text);
  const parts = [
    colour(create, `${create} to create`, style.good),
    colour(change, `${change} to change`, style.warning),
    colour(remove, `${remove} to remove`, style.error),
    `${unchanged} unchanged`,
    ...(kept > 0 ? [`${kept} of a newer weft, which stay as they are`] : []),
  ];
  return parts.join(', ');
}

function created(plan: Plan, style: Style, { verbose }: PlanTextOptions): string[] {
  const byKind = new Map<string, PlannedObject[]>();
  for (const object of plan.objects) if (object.action === 'create') byKind.set(object.ref.kind, [...(byKind.get(object.ref.kind) ?? []), object]);
  const plus = style.good('+');
  return [...byKind].flatMap(([kind, objects]) => {
    if (verbose || objects.length <= listedObjects) return objects.map(({ ref }) => `${plus} ${refText(ref)}`);
    const names = objects.map(({ ref }) => ref.name);
    return `${plus} ${objects.length} of kind ${kind} ${style.dim(`(${names.slice(0, 2).join(', ')}, …)`)}`;
  });
}

function removed(plan: Plan, style: Style): string[] {
  return plan.objects.flatMap(({ action, ref }) => (action === 'remove' ? [`${style.error('-')} ${refText(ref)}`] : []));
}

/** Objects in which only the version of weft changes are one line. */
function allChanged(plan: Plan, style: Style, options: PlanTextOptions): string[] {
  const all = plan.objects.filter(({ action }) => action === 'change');
  const labelled = options.verbose ? [] : all.filter(({ changes }) => changes.every(({ path }) => path.at(-1) === ownerLabels.version));
  const [first] = labelled;
  const lines = all.filter((object) => !labelled.includes(object)).flatMap((object) => changed(object, style, options));
  if (first) lines.push(`${style.warning('~')} ${labelled.length} more ${style.dim(`(only the label ${ownerLabels.version}: ${first.changes[0]?.to})`)}`);
  return lines;
}

function changed({ ref, changes: all }: PlannedObject, style: Style, options: PlanTextOptions): string[] {
  // All values are long, and follow from what was given of them.
  const isAllValues = ({ path }: PlannedChange): boolean => ref.kind === 'ConfigMap' && ref.name.startsWith('weft-values') && path[1] === 'values';
  const changes = options.verbose ? all : all.filter((change) => !isAllValues(change));
  return [`${style.warning('~')} ${refText(ref)}`, ...changes.flatMap((change) => changeLines(change, style, options).map((line) => `    ${line}`))];
}

function changeLines({ path, from, to, owners }: PlannedChange, style: Style, options: PlanTextOptions): string[] {
  const whose = owners.length > 0 && to !== undefined ? `  ${style.error(`set by ${owners.join(', ')}`)}` : '';
  const field = fieldText(path);
  if (!isLong(from) && !isLong(to)) {
    if (from === undefined) return [`${field}: ${style.good(shortText(to))}${whose}`];
    if (to === undefined) return [`${field}: ${style.error(shortText(from))} ${style.dim('goes')}`];
    return [`${field}: ${style.error(shortText(from))} → ${style.good(shortText(to))}${whose}`];
  }
  const lines = changedLines(longText(from), longText(to), style);
  const shown = options.verbose ? lines : lines.slice(0, listedLines);
  const rest = lines.length - shown.length;
  return [`${field}:${whose}`, ...shown.map((line) => `  ${line}`), ...(rest > 0 ? [style.dim(`  … ${rest} more lines: --verbose shows them`)] : [])];
}

function isLong(value: unknown): boolean {
  return typeof value === 'object' ? value !== null && Object.keys(value).length > 0 : typeof value === 'string' && (value.includes('\n') || value.length > 80);
}

function shortText(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@%+ -]+$/.test(value) ? value : JSON.stringify(value);
}

/** Text that lines can be compared of. JSON in a string is laid out, or all of it would be one line. */
function longText(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') return dump(value, { lineWidth: -1, noRefs: true, sortKeys: true });
  if (!value.includes('\n') && /^[{[]/.test(value)) {
    try {
      return `${JSON.stringify(JSON.parse(value), null, 2)}\n`;
    } catch {
      // Not JSON: as it is.
    }
  }
  return value.endsWith('\n') ? value : `${value}\n`;
}
