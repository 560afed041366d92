// What a control plane has for a proxy, beside what the proxy has.
import { field, isJson, type Json, message, messages, text, typeName } from './json.ts';

/** What is compared of a proxy. */
export type ComparedPart = 'clusters' | 'listeners' | 'routes';

/** By name something that is equal where the content is: a version, or the content itself. */
export type Contents = ReadonlyMap<string, string>;

export interface PartComparison {
  part: ComparedPart;
  /** How many are the same on both sides. */
  same: number;
  /** Names of those with another content. */
  differ: readonly string[];
  /** Names of those that the proxy does not have. */
  missing: readonly string[];
  /** Names of those that the control plane does not have. */
  extra: readonly string[];
}

/**
 * @param served by the control plane
 * @param had by the proxy
 * @param onDemand the proxy asks for some of them by name: those that it does not have are not missing
 */
export function comparePart(part: ComparedPart, served: Contents, had: Contents, onDemand = false): PartComparison {
  const names = [...new Set([...served.keys(), ...had.keys()])].sort();
  const inBoth = names.filter((name) => served.has(name) && had.has(name));
  const differ = inBoth.filter((name) => served.get(name) !== had.get(name));
  return {
    part,
    same: inBoth.length - differ.length,
    differ,
    missing: onDemand ? [] : names.filter((name) => !had.has(name)),
    extra: names.filter((name) => !served.has(name)),
  };
}

export function isSame({ differ, missing, extra }: PartComparison): boolean {
  return differ.length + missing.length + extra.length === 0;
}

/** Sections of Envoy's `/config_dump` with what came from a control plane, and where an item has its name. */
const sections = {
  clusters: { type: 'ClustersConfigDump', list: 'dynamic_active_clusters', resource: 'cluster' },
  listeners: { type: 'ListenersConfigDump', list: 'dynamic_listeners', resource: 'listener' },
  routes: { type: 'RoutesConfigDump', list: 'dynamic_route_configs', resource: 'route_config' },
} as const;

/**
 * Versions of what an Envoy was given, from its `/config_dump`.
 *
 * @returns undefined where the document is none
 */
export function versionsInDump(document: unknown, part: ComparedPart): Contents | undefined {
  if (!isJson(document) || !Array.isArray(document.configs)) return undefined;
  const { type, list, resource } = sections[part];
  const section = messages(document, 'configs').find((one) => typeName(one) === type) ?? {};
  return new Map(
    messages(section, list).flatMap((item): [string, string][] => {
      // A listener that is warming has none that serves.
      const state = part === 'listeners' ? message(item, 'active_state') : item;
      const own = message(state, resource);
      const name = text(own, 'name') || text(item, 'name');
      if (part === 'routes' && isJson(field(own, 'vhds')))
        return [
          [
            name,
            hostsText(
              messages(own, 'virtual_hosts').map((host) => text(host, 'name')),
              name,
            ),
          ],
        ];
      return name === '' || text(state, 'version_info') === '' ? [] : [[name, text(state, 'version_info')]];
    }),
  );
}

/**
 * Routes as a control plane has them, to compare with `versionsInDump`: where their virtual hosts come one by one, the version in a dump is of
 * what came last, whatever that was for. So their names are compared; whether their content has arrived, the control plane knows.
 *
 * @param versions of route configurations, by name
 * @param hosts names of virtual hosts that come one by one: `ROUTES/HOST`
 * @param had of the proxy
 */
export function servedRoutes(versions: Contents, hosts: readonly string[], had: Contents): Contents {
  return new Map([...versions].map(([name, version]) => [name, had.get(name)?.startsWith(hostsPrefix) ? hostsText(hosts, name) : version]));
}

/** No version begins so. */
const hostsPrefix = 'virtual hosts ';

/** Those that came one by one: others, for every host, are part of the route configuration. */
function hostsText(hosts: readonly string[], routes: string): string {
  const own = hosts.filter((host) => host.startsWith(`${routes}/`));
  return `${hostsPrefix}${own.sort().join(' ')}`;
}

/** What is in a list of a routing table, by name: as texts, in which the order of fields does not count. */
export function contentsOf(list: unknown): Contents {
  const items = Array.isArray(list) ? list.filter(isJson) : [];
  return new Map(items.map((item) => [text(item, 'name'), JSON.stringify(item, sorted)]));
}

function sorted(_: string, value: unknown): unknown {
  if (!isJson(value)) return value;
  const entries: Json = value;
  return Object.fromEntries(
    Object.keys(entries)
      .sort()
      .map((key) => [key, entries[key]]),
  );
}
