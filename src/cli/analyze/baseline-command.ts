import { counted } from '../counted.ts';
import { exitCode } from '../exit.ts';
import { write } from '../terminal.ts';
import { pruneBaseline, writeBaseline } from './baseline.ts';
import type { AnalyzeFlags } from './flags.ts';
import { openCluster } from './open-cluster.ts';
import { evaluate, prepare, readInput } from './session.ts';

/** @returns the exit code */
export async function runBaseline(action: 'create' | 'prune', paths: readonly string[], flags: AnalyzeFlags): Promise<number> {
  const warn = (text: string): void => void write('stderr', `${text}\n`);
  const session = await prepare(flags, warn);
  const file = session.baseline ?? 'weft-baseline.json';
  const input = await readInput(paths, session);
  const cluster = await openCluster(session, paths);
  const { items } = await evaluate(session, paths, { input, cluster }).finally(() => cluster?.close());
  if (action === 'create') warn(`${file}: ${counted(writeBaseline(file, items), 'finding')}. Use it with weft analyze --baseline ${file}.`);
  else {
    const gone = pruneBaseline(file, items);
    warn(gone === 0 ? `${file}: everything in it still occurs.` : `${file}: ${counted(gone, 'finding')} taken out.`);
  }
  const unparsable = items.filter((i) => i.unparsable).length;
  if (unparsable > 0) warn(`${counted(unparsable, 'document')} could not be used, and a baseline never covers that.`);
  return unparsable > 0 ? exitCode.unparsable : exitCode.ok;
}
