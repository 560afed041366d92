import { dump } from 'js-yaml';
import { usesAny } from '../../install/users.ts';
import type { KubeClient } from '../../kube/client.ts';
import { exitCode, usageError } from '../exit.ts';
import { write } from '../terminal.ts';
import { tagContext } from './context.ts';
import type { TagFlags } from './run.ts';

const formats = ['table', 'json', 'yaml'];

/** `weft tag list`: each tag with its revision and the namespaces that use it. */
export async function listTags(client: KubeClient, flags: TagFlags): Promise<number> {
  const format = flags.output ?? 'table';
  if (!formats.includes(format)) throw usageError(`--output takes table, json or yaml, not "${format}"`);
  const { tags, namespaces } = await tagContext(client);
  const rows = tags
    .filter(({ owner }) => flags.istioNamespace === undefined || owner === flags.istioNamespace)
    .map(({ name, revision }) => ({
      tag: name,
      revision,
      namespaces: namespaces.filter((namespace) => usesAny(namespace, [name])).map(({ metadata }) => metadata.name ?? ''),
    }));
  if (format === 'json') write('stdout', `${JSON.stringify(rows, null, 2)}\n`);
  else if (format === 'yaml') write('stdout', dump(rows));
  else if (rows.length === 0) write('stderr', 'There are no tags.\n');
  else write('stdout', table([['TAG', 'REVISION', 'NAMESPACES'], ...rows.map((row) => [row.tag, row.revision, row.namespaces.join(',')])]));
  return exitCode.ok;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)) + 5);
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}
