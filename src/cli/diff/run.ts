import { dump } from 'js-yaml';
import { type DiffOptions, diffMeshes } from '../../route-diff/diff-meshes.ts';
import { ClientError, clientOf } from '../../route-tests/clients.ts';
import { newOf } from '../analyze/new-items.ts';
import { brokenExit, CliError, exitCode } from '../exit.ts';
import { printBroken } from '../proxy/broken.ts';
import { parseChoice } from '../proxy/flags.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { diffDocument } from './document.ts';
import { type Evaluated, evaluateSides } from './evaluate-sides.ts';
import type { DiffFlags } from './flags.ts';
import { readSides } from './sides.ts';
import { diffText } from './text.ts';

/** With --detailed-exitcode: something changes for traffic. */
export const changedExitCode = 3;

const warn = (text: string): void => write('stderr', `warning: ${text}\n`);

/**
 * Says what changes for traffic from one side to the other.
 *
 * @returns the exit code: 0, or 3 with --detailed-exitcode where something changes; 65 and 79 where the new side is broken
 * @throws CliError for arguments that make no sense, and for input that is not there
 */
export async function runDiff(paths: readonly string[], flags: DiffFlags): Promise<number> {
  const format = parseChoice('output', flags.output, ['text', 'json', 'yaml']);
  const sides = await readSides(paths, flags, warn);
  const evaluated = await evaluateSides(sides, flags, warn);
  const { old, new: now, broken } = evaluated;
  if (broken.length > 0) {
    await printBroken(broken, 'the new side is not compared until that is repaired');
    return brokenExit(broken);
  }
  const from = fromOf(flags, evaluated);
  const { changes } = diffMeshes(old.mesh, now.mesh, { from });
  const findings = flags.findings !== false ? { new: newOf(old.items, now.items), resolved: newOf(now.items, old.items) } : undefined;
  const document = diffDocument(changes, { old: old.mesh, new: now.mesh }, findings);
  if (format === 'json') write('stdout', `${JSON.stringify(document, null, 2)}\n`);
  else if (format === 'yaml') write('stdout', dump(JSON.parse(JSON.stringify(document)), { lineWidth: -1, noRefs: true }));
  else write('stdout', diffText(document, await styleFor(wantsColour(flags.color, 'stdout'))));
  return flags.detailedExitcode && changes.length > 0 ? changedExitCode : exitCode.ok;
}

/** Who the caller is on either side; where one side has no such workload, what it is on the other. */
function fromOf({ from }: DiffFlags, { old, new: now, namespace }: Evaluated): DiffOptions['from'] {
  if (from === undefined) return undefined;
  const identity = ({ mesh }: Evaluated['old']) => {
    try {
      return clientOf(mesh, from, namespace).identity;
    } catch (error) {
      if (error instanceof ClientError) return error;
      throw error;
    }
  };
  const [before, after] = [identity(old), identity(now)];
  const name = from.replace(/^(gateway|gw)\//i, '');
  if (after instanceof Error) {
    if (before instanceof Error) throw new CliError(`--from: ${after.message}`);
    return { name, old: before, new: before };
  }
  return { name, old: before instanceof Error ? after : before, new: after };
}
