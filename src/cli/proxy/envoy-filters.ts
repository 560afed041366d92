// EnvoyFilters patch the configuration of an Envoy, and the embedded engine is none.
import type { Origin, RoutingTable } from '../../ir/table.ts';
import { CliError } from '../exit.ts';
import type { ProxyFlags } from './flags.ts';

/** `EnvoyFilter shop/limits (mesh.yaml:3): INSERT_BEFORE of HTTP_FILTER, MERGE of HTTP_ROUTE`, of each one that is for the proxy. */
function filterLines({ envoyPatches }: RoutingTable, textOf: (origin: Origin) => string): string[] {
  const byFilter = Map.groupBy(envoyPatches, ({ origin }) => `${origin.namespace}/${origin.name}`);
  return [...byFilter.values()].map((patches) => {
    const what = new Set(patches.map(({ applyTo, operation }) => `${operation} of ${applyTo}`));
    const [first] = patches;
    return `${first ? textOf({ ...first.origin, path: [] }) : ''}: ${[...what].join(', ')}`;
  });
}

/**
 * What is said of the EnvoyFilters that a table has, where they may be ignored.
 *
 * @param textOf an object and where it is written
 * @throws CliError where they may not: what they ask for, limits and checks of requests often, would silently not be there
 */
export function ignoredFilters(
  table: RoutingTable,
  { ignoreEnvoyFilters }: Pick<ProxyFlags, 'ignoreEnvoyFilters'>,
  textOf: (origin: Origin) => string,
): string[] {
  const lines = filterLines(table, textOf);
  if (lines.length === 0) return [];
  if (ignoreEnvoyFilters) return lines.map((line) => `${line}: not done, since EnvoyFilters need --engine envoy`);
  const count = lines.length === 1 ? 'an EnvoyFilter is for this proxy, and it patches' : `${lines.length} EnvoyFilters are for this proxy, and they patch`;
  throw new CliError(
    `${count} the configuration of an Envoy, which the embedded engine is not\n${lines.map((line) => `  ${line}`).join('\n')}`,
    undefined,
    `Serve with an Envoy (--engine envoy), or without ${lines.length === 1 ? 'it' : 'them'} (--ignore-envoy-filters).`,
  );
}
