import { exitCode } from '../exit.ts';
import { pruneBaseline, writeBaseline } from './baseline.ts';
import type { AnalyzeFlags } from './flags.ts';
import { evaluate, prepare } from './session.ts';

/** @returns the exit code */
export async function runBaseline(action: 'create' | 'prune', paths: readonly string[], flags: AnalyzeFlags & { baseline: string }): Promise<number> {
  const warn = (text: string): void => void process.stderr.write(`${text}\n`);
  const session = await prepare(flags, warn);
  const { items } = await evaluate(session, paths);
  const count = (n: number): string => `${n} ${n === 1 ? 'finding' : 'findings'}`;
  if (action === 'create') warn(`${flags.baseline}: ${count(writeBaseline(flags.baseline, items))}. Use it with weft analyze --baseline ${flags.baseline}.`);
  else {
    const gone = pruneBaseline(flags.baseline, items);
    warn(gone === 0 ? `${flags.baseline}: everything in it still occurs.` : `${flags.baseline}: ${count(gone)} taken out.`);
  }
  const unparsable = items.filter((i) => i.unparsable).length;
  if (unparsable > 0) warn(`${unparsable} ${unparsable === 1 ? 'document' : 'documents'} could not be used, and a baseline never covers that.`);
  return unparsable > 0 ? exitCode.unparsable : exitCode.ok;
}
