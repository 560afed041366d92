// What a person reads of small meshes, for the tests of this room.
import { plainStyle } from '../../analysis/report/style.ts';
import { meshOf } from '../../analysis/testing.ts';
import { findService, findWorkload } from '../../describe/find.ts';
import { describePod } from '../../describe/pod.ts';
import { describeService } from '../../describe/service.ts';
import { Places } from '../route/places.ts';
import { podText, serviceText, type TextOptions } from './text.ts';

/** `pod NAME` or `service NAME` of the namespace default: without places, and without the problems above the first rule. */
export function linesOf(documents: readonly string[], what: string, options: Partial<TextOptions> = {}): string[] {
  const mesh = meshOf(documents.join('---\n'), { preset: 'recommended' });
  const all: TextOptions = { style: plainStyle, places: new Places(mesh), namespace: 'default', ignoreUnmeshed: false, ...options };
  const [kind, name = ''] = what.split(' ');
  const workload = findWorkload(mesh, 'default', name);
  const found = findService(mesh, 'default', name);
  const text = kind === 'pod' && workload ? podText(describePod(mesh, workload), all) : found ? serviceText(describeService(mesh, found), all) : '';
  const lines = text.split('\n').map((line) => line.replace(/ {2}\((?:test\.yaml:\d+|default)\)$/, ''));
  return lines.slice(lines.indexOf('--------------------') + 1);
}

/** Those of the lines that are wanted, in the order in which they come. */
export function only(lines: readonly string[], wanted: readonly string[]): string[] {
  return lines.filter((line) => wanted.includes(line));
}
