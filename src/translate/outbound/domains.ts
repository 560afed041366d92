import { clusterDomain } from '../../model/hosts.ts';
import type { MeshService } from '../../model/services.ts';

export interface Domains {
  /** In the order of SEL-R52, each once. */
  all: readonly string[];
  /** Short forms of cluster-local names: they give way to a service that really has the name (SEL-R56). */
  short: readonly string[];
}

/**
 * Names by which clients of a namespace call a service (SEL-R52 to SEL-R55).
 *
 * @param aliases hosts that stand for the service
 * @param port added to each name in a second form; undefined where the port of the Host header does not matter (SEL-R58)
 */
export function domainsOf(service: MeshService, aliases: readonly string[], namespace: string, port: number | undefined): Domains {
  const withPort = (name: string): string[] => (port === undefined ? [name] : [name, `${name}:${port}`]);
  const short: string[] = [];
  const names: string[] = [];
  for (const host of [service.host, ...aliases]) {
    const forms = shortForms(host, namespace).flatMap(withPort);
    short.push(...forms);
    names.push(...withPort(host), ...withPort(`${host}.`), ...forms);
  }
  // Each pod of a headless service has a name under that of the service (SEL-R53).
  if (service.source === 'kubernetes' && service.resolution === 'none') names.push(...names.map((name) => `*.${name}`));
  // Of a service entry with several addresses only the last has a name here; an address with a length is a literal (SEL-R54).
  const addresses = service.source === 'kubernetes' ? service.addresses : service.addresses.slice(-1);
  for (const address of addresses) if (address !== '0.0.0.0') names.push(...withPort(bracketed(address)));
  return { all: [...new Set(names)], short };
}

/** Domains of services without other names, which are the same for clients of all namespaces but its own. */
export class DomainCache {
  private readonly known = new WeakMap<MeshService, readonly { own: boolean; port: number | undefined; domains: Domains }[]>();

  /** As `domainsOf`: the same object for the same domains. */
  of(service: MeshService, aliases: readonly string[], namespace: string, port: number | undefined): Domains {
    if (aliases.length > 0) return domainsOf(service, aliases, namespace, port);
    const own = namespaceIn(service.host) === namespace;
    const known = this.known.get(service) ?? [];
    const found = known.find((one) => one.own === own && one.port === port);
    if (found) return found.domains;
    const domains = domainsOf(service, aliases, namespace, port);
    this.known.set(service, [...known, { own, port, domains }]);
    return domains;
  }
}

const suffix = `.${clusterDomain}`;

/** Of a cluster-local host; undefined for others. */
function namespaceIn(host: string): string | undefined {
  const dot = host.indexOf('.');
  // Of `*.shop…` the shortest form would be every name there is.
  return !host.endsWith(suffix) || dot >= host.length - suffix.length || host.startsWith('*') ? undefined : host.slice(dot + 1, -suffix.length);
}

/** `reviews.shop.svc.cluster.local` as clients in its namespace, and in another one, can write it. */
function shortForms(host: string, namespace: string): string[] {
  const own = namespaceIn(host);
  if (own === undefined) return [];
  const local = host.slice(0, -suffix.length);
  const dot = local.indexOf('.');
  return own === namespace ? [local.slice(0, dot), `${local}.svc`, local] : [local, `${local}.svc`];
}

/** IPv6 addresses stand in brackets in a Host header. */
function bracketed(address: string): string {
  return address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
}
