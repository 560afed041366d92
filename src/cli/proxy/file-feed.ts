import type { Origin } from '../../ir/table.ts';
import type { ProxyLog } from '../../proxy/telemetry/log.ts';
import { brokenExit, usageError } from '../exit.ts';
import { printBroken } from './broken.ts';
import { ignoredFilters } from './envoy-filters.ts';
import type { FedTable, TableFeed } from './feed.ts';
import type { ProxyFlags } from './flags.ts';
import { ManifestReader, type Manifests } from './manifests.ts';
import { notYet } from './not-yet.ts';
import { hasOwnIdentity } from './own-identity.ts';
import { meshSecrets } from './secrets.ts';
import { originText, statusLines } from './statuses.ts';
import { watchFiles } from './watch-files.ts';

/**
 * Tables from manifests, with --watch each time that these change.
 *
 * @returns the exit code where they are broken, which is printed: 79, or 65 when they cannot be parsed
 * @throws CliError for flags that make no sense, input that is not there, and EnvoyFilters that are not to be ignored
 */
export async function fileFeed(flags: ProxyFlags, log: ProxyLog): Promise<TableFeed | number> {
  const reader = new ManifestReader(flags);
  if (flags.watch && reader.files.length === 0) throw usageError('--watch follows files, and none are named', 'A cluster is followed by weft controller.');
  const first = await reader.read();
  const fed = fedOf(first, flags);
  if (!fed) {
    await printBroken(first.broken, 'nothing is served until that is repaired');
    return brokenExit(first.broken);
  }
  let stop = (): void => {};
  return {
    first: fed,
    close: () => stop(),
    follow: ({ take, refused }) => {
      if (!flags.watch) return;
      const read = async () => {
        const next = await reader.read();
        const newer = fedOf(next, flags);
        if (newer) await take(newer);
        else {
          refused(next.broken.map((item) => `${item.code} ${item.origin}: ${item.text}`));
          log.error('the new manifests are refused, and the ones before go on', { findings: next.broken.length });
          await printBroken(next.broken, 'the manifests before go on');
        }
        return next.input;
      };
      stop = watchFiles(reader.files, first.input, read, (error) => {
        refused([error.message]);
        log.error(`the new manifests are refused, and the ones before go on: ${error.message}`);
      });
    },
  };
}

/** @throws CliError for EnvoyFilters that are not to be ignored */
function fedOf({ table, mesh }: Manifests, flags: ProxyFlags): FedTable | undefined {
  if (!table) return undefined;
  const placeOf = (origin: Origin): string => originText(origin, mesh);
  const ignored = ignoredFilters(table, flags, placeOf);
  return {
    table,
    placeOf,
    secrets: meshSecrets(mesh, table),
    warnings: [...ignored, ...notYet(mesh, table, hasOwnIdentity(flags)), ...statusLines(table.statuses, mesh)],
  };
}
