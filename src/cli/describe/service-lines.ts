// A service, port by port.

import { isDeepStrictEqual } from 'node:util';
import type { ClientSection, PodDescription, ServicePortSection, ServiceSection } from '../../describe/description.ts';
import { counted } from '../counted.ts';
import type { Places } from '../route/places.ts';
import { type About, hostLines, tcpLines } from './host-lines.ts';
import type { Lines } from './lines.ts';
import { clusterLines, ruleLines } from './rule-lines.ts';
import { waypointLines } from './waypoint-lines.ts';

export function serviceLines(lines: Lines, places: Places, service: ServiceSection, about: About): void {
  const { ports } = service;
  lines.add(`Service: ${lines.name(service)}`, { place: lines.place({ ...service, path: [] }) });
  for (const { name, port, protocol, target, targetPort } of ports) {
    const shown = `   Port: ${name === '' ? '' : `${name} `}${port}/${protocol}`;
    if (targetPort === undefined && !/^\d+$/.test(target)) lines.warn(`${shown} targets port ${target}, which no container has`);
    else lines.add(`${shown} targets pod port ${targetPort ?? target}`);
  }
  for (const port of ports) {
    if (ports.length > 1) lines.add(`${port.port}:`);
    lines.within(ports.length > 1 ? '   ' : '', () => portLines(lines, places, port, { ...about, service: { host: service.host, subsets: false } }));
  }
  if (ports.length === 0) lines.add('   It has no TCP ports');
  if (service.waypoint) waypointLines(lines, service.waypoint, 'Requests to the service');
}

function portLines(lines: Lines, places: Places, { clients, others, rbac }: ServicePortSection, about: About): void {
  clientLines(lines, places, clients, about);
  for (const other of others) {
    const { namespace, labels } = other.from;
    const marks = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    const who = `${namespace === '' ? 'in other namespaces' : `in namespace ${namespace}`}${marks.length > 0 ? ` with ${marks.join(',')}` : ''}`;
    lines.add(`For clients ${who}:`, { paint: lines.style.strong });
    lines.within('   ', () => clientLines(lines, places, other, about, clients));
  }
  if (rbac.length > 0) lines.add(`RBAC policies: ${rbac.join(', ')}`);
}

const nothing: Readonly<Record<NonNullable<ClientSection['unreachable']>, string>> = {
  'no-listener': 'nothing listens for it',
  'no-filter-chain': 'no filter chain takes connections to it',
  blocked: 'it is not known, and other hosts are forbidden (REGISTRY_ONLY)',
  'no-route': 'no virtual host is for it',
  unknown: 'it is not known to them (exportTo, or a Sidecar)',
  'other-service': 'another service has its name',
};

/** @param told what is said of others already: what is the same is not said again */
function clientLines(lines: Lines, places: Places, client: ClientSection, { service, ...rest }: About, told?: ClientSection): void {
  const subsets = (client.destinationRule?.subsets.length ?? 0) > 0;
  const about: About = { ...rest, ...(service ? { service: { ...service, subsets } } : {}) };
  const isTold = (part: 'destinationRule' | 'clusters'): boolean => told !== undefined && isDeepStrictEqual(client[part], told[part]);
  const { destinationRule, http, tcp, unreachable, otherHosts, envoyFilters } = client;
  if (destinationRule && !isTold('destinationRule')) ruleLines(lines, destinationRule, about.of);
  if (unreachable) lines.warn(`   WARNING: not reachable by its name: ${nothing[unreachable]}`);
  if (http) hostLines(lines, http, about);
  if (tcp) tcpLines(lines, tcp, about);
  if (!isTold('clusters')) clusterLines(lines, places, client, about.of);
  for (const host of otherHosts) {
    const more = host.others?.length ? `, and for ${counted(host.others.length, 'other host')}` : '';
    lines.add(`Also as ${host.domains.slice(0, 3).join(', ')} at port ${host.port}${more}:`, { paint: lines.style.strong });
    lines.within('   ', () => hostLines(lines, host, about));
  }
  if (envoyFilters.length > 0) lines.add(`EnvoyFilters that may change this: ${envoyFilters.map((origin) => lines.name(origin)).join(', ')}`);
}

/** `8080 (app), 15090 (istio-proxy)` */
export function portsText(ports: PodDescription['ports']): string {
  return ports.map(({ port, protocol, container }) => `${port}${protocol === 'TCP' ? '' : `/${protocol}`} (${container})`).join(', ');
}
