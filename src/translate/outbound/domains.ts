import { clusterDomain } from '../../model/hosts.ts';
import type { MeshService } from '../../model/services.ts';

export interface Domains {
  /** In the order of SEL-R52, each once. */
  all: string[];
  /** Short forms of cluster-local names: they give way to a service that really has the name (SEL-R56). */
  short: ReadonlySet<string>;
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
  return {
    all: [
      ...new Set([
        ...names,
        ...addresses
          .filter((address) => address !== '0.0.0.0')
          .map(bracketed)
          .flatMap(withPort),
      ]),
    ],
    short: new Set(short),
  };
}

const suffix = `.${clusterDomain}`;

/** `reviews.shop.svc.cluster.local` as clients in its namespace, and in another one, can write it. */
function shortForms(host: string, namespace: string): string[] {
  if (!host.endsWith(suffix)) return [];
  const local = host.slice(0, -suffix.length);
  const dot = local.indexOf('.');
  // Of `*.shop…` the shortest form would be every name there is.
  if (dot < 0 || host.startsWith('*')) return [];
  return local.slice(dot + 1) === namespace ? [local.slice(0, dot), `${local}.svc`, local] : [local, `${local}.svc`];
}

/** IPv6 addresses stand in brackets in a Host header. */
function bracketed(address: string): string {
  return address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
}
