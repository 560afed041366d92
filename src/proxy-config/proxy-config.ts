// The configuration that a proxy has in force, read from a dump of it.
import { field, isJson, type Json, message, messages, text, typeName } from './json.ts';

/** Resources as messages of Envoy's API. */
export interface ProxyConfig {
  /** What the proxy was started with; undefined where the dump does not tell. */
  bootstrap: Json | undefined;
  listeners: readonly Json[];
  routes: readonly Json[];
  clusters: readonly Json[];
  /** `ClusterLoadAssignment`s. */
  endpoints: readonly Json[];
  /** Endpoints that a control plane gave are in the dump; else only those that are written in clusters. */
  hasAssignments: boolean;
  /** Versions that the proxy did not take: what was there before goes on. */
  refused: readonly Refused[];
}

export interface Refused {
  /** `listener`, `route configuration` … */
  what: string;
  name: string;
  why: string;
}

/**
 * A dump of Envoy's `/config_dump` (`{"configs": […]}`), with or without `?include_eds`, or resources in lists of their own
 * (`{"listeners": […], "routes": […], "clusters": […], "endpoints": […]}`).
 *
 * @returns undefined where the document is neither
 */
export function readProxyConfig(document: unknown): ProxyConfig | undefined {
  if (!isJson(document)) return undefined;
  if (Array.isArray(document.configs)) return fromSections(messages(document, 'configs'));
  const kinds = ['listeners', 'routes', 'clusters', 'endpoints'] as const;
  if (!kinds.some((kind) => Array.isArray(document[kind]))) return undefined;
  const [listeners = [], routes = [], clusters = [], assignments = []] = kinds.map((kind) => messages(document, kind));
  return {
    bootstrap: undefined,
    listeners,
    routes,
    clusters,
    endpoints: withInline(assignments, clusters),
    hasAssignments: Array.isArray(document.endpoints),
    refused: [],
  };
}

/** Lists of a section, the field of an item with the resource, and what the resource is called. */
const sections = {
  ListenersConfigDump: { lists: ['dynamic_listeners', 'static_listeners'], resource: 'listener', what: 'listener' },
  RoutesConfigDump: { lists: ['dynamic_route_configs', 'static_route_configs'], resource: 'route_config', what: 'route configuration' },
  ClustersConfigDump: { lists: ['dynamic_active_clusters', 'static_clusters'], resource: 'cluster', what: 'cluster' },
  EndpointsConfigDump: { lists: ['dynamic_endpoint_configs', 'static_endpoint_configs'], resource: 'endpoint_config', what: 'endpoints' },
} as const;

function fromSections(configs: readonly Json[]): ProxyConfig | undefined {
  const byType = new Map(configs.map((config) => [typeName(config), config]));
  const refused: Refused[] = [];
  const read = (type: keyof typeof sections): Json[] => {
    const { lists, resource, what } = sections[type];
    const section = byType.get(type);
    if (!section) return [];
    const items = lists.flatMap((list) => messages(section, list));
    refused.push(...items.flatMap((item) => refusal(item, resource, what)));
    return items.flatMap((item) => {
      // A dynamic listener has several states, of which the one that serves counts.
      const found = field(message(item, 'active_state'), resource) ?? field(item, resource);
      return isJson(found) ? [found] : [];
    });
  };
  const [listeners, routes, clusters, assignments] = [
    read('ListenersConfigDump'),
    read('RoutesConfigDump'),
    read('ClustersConfigDump'),
    read('EndpointsConfigDump'),
  ];
  const bootstrap = field(byType.get('BootstrapConfigDump') ?? {}, 'bootstrap');
  const known = [...Object.keys(sections), 'BootstrapConfigDump'].some((type) => byType.has(type));
  if (!known) return undefined;
  return {
    bootstrap: isJson(bootstrap) ? bootstrap : undefined,
    listeners,
    routes,
    clusters,
    endpoints: withInline(assignments, clusters),
    hasAssignments: byType.has('EndpointsConfigDump'),
    refused,
  };
}

function refusal(item: Json, resource: string, what: string): Refused[] {
  const why = text(message(item, 'error_state'), 'details');
  if (why === '') return [];
  const name = text(item, 'name') || text(message(item, resource), 'name') || text(message(item, 'error_state', 'failed_configuration'), 'name');
  return [{ what, name, why }];
}

/** Endpoints that stand in clusters count where there are no others for the cluster. */
function withInline(assignments: readonly Json[], clusters: readonly Json[]): Json[] {
  const named = new Set(assignments.map((assignment) => text(assignment, 'cluster_name')));
  const inline = clusters.flatMap((cluster) => {
    const assignment = field(cluster, 'load_assignment');
    return isJson(assignment) && !named.has(text(cluster, 'name')) ? [{ ...assignment, cluster_name: text(cluster, 'name') }] : [];
  });
  return [...assignments, ...inline];
}
