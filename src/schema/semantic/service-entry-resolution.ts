import type { ServiceEntry, ServicePort, WorkloadEntry } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkLabelMap, fqdnProblem, itemsOf } from './primitives.ts';
import { isTcpProtocol } from './protocol.ts';
import type { ProblemSink } from './validator.ts';
import { checkEndpointPorts, checkHostOrIp, checkWorkloadEntry } from './workload-entry.ts';

/** What each `resolution` of a service entry asks of its hosts, addresses, ports and endpoints. */
export function checkResolution(sink: ProblemSink, entry: ServiceEntry, ports: readonly ServicePort[]): void {
  const { resolution = 'NONE', workloadSelector } = entry;
  const endpoints = itemsOf(entry.endpoints);
  const names = new Set(ports.map(({ name = '' }) => name));
  switch (resolution) {
    case 'NONE':
      if (endpoints.length > 0)
        sink.error(['endpoints'], 'no endpoints are possible with resolution NONE, which sends traffic where the client wanted', {
          help: 'use resolution STATIC for IP addresses, or DNS for names',
        });
      if (workloadSelector) {
        sink.warning(['workloadSelector'], 'workloadSelector has no effect with resolution NONE, which sends traffic where the client wanted', {
          same: 'workloadSelector with resolution NONE',
        });
      }
      return;
    case 'STATIC':
      endpoints.forEach((endpoint, i) => checkWorkloadEntry(sink, ['endpoints', i], endpoint, names));
      return;
    case 'DNS':
    case 'DNS_ROUND_ROBIN':
      checkDns(sink, entry, ports, endpoints, resolution);
      endpoints.forEach((endpoint, i) => checkDnsEndpoint(sink, ['endpoints', i], endpoint, names));
      return;
    case 'DYNAMIC_DNS':
      checkDynamicDns(sink, entry, ports);
      return;
    default:
      sink.error(['resolution'], `resolution ${resolution as string} does not exist; there are NONE, STATIC, DNS, DNS_ROUND_ROBIN and DYNAMIC_DNS`, {
        same: 'unknown resolution',
      });
  }
}

function checkDns(
  sink: ProblemSink,
  { hosts = [], addresses = [] }: ServiceEntry,
  ports: readonly ServicePort[],
  endpoints: readonly WorkloadEntry[],
  resolution: string,
): void {
  if (endpoints.length === 0) {
    hosts.forEach((host, i) => {
      const problem = fqdnProblem(host);
      if (problem)
        sink.error(['hosts', i], `hosts are looked up with resolution ${resolution} and no endpoints, which needs full names: ${problem}`, {
          help: 'name the hosts one by one, list endpoints, or use resolution NONE',
        });
    });
  }
  if (resolution === 'DNS_ROUND_ROBIN' && endpoints.length > 1) {
    sink.error(['endpoints', 1], `there can be 0 or 1 endpoints with resolution DNS_ROUND_ROBIN, and there are ${endpoints.length}`, { same: 'one endpoint' });
  }
  const tcp = ports.findIndex(({ protocol }) => isTcpProtocol(protocol));
  if (addresses.length > 0 && tcp >= 0 && hosts.length > 1) {
    sink.warning(['ports', tcp], 'service entry has several hosts that share its addresses and a TCP port, so their traffic cannot be told apart', {
      same: 'several hosts with addresses and a TCP port',
    });
  }
}

function checkDnsEndpoint(sink: ProblemSink, path: Path, { address = '', labels, ports = {} }: WorkloadEntry, names: ReadonlySet<string>): void {
  checkHostOrIp(sink, [...path, 'address'], address);
  checkLabelMap(sink, [...path, 'labels'], labels);
  checkEndpointPorts(sink, [...path, 'ports'], ports, names);
}

/** Each request's own host name is looked up: the hosts are wildcards, outside of the mesh, and seen in HTTP. */
function checkDynamicDns(sink: ProblemSink, entry: ServiceEntry, ports: readonly ServicePort[]): void {
  const { hosts = [], addresses = [], endpoints = [], location = 'MESH_EXTERNAL' } = entry;
  hosts.forEach((host, i) => {
    if (!host.startsWith('*'))
      sink.error(['hosts', i], `host ${host} is not a wildcard, which resolution DYNAMIC_DNS is for`, {
        same: 'host without wildcard',
        help: 'use resolution DNS',
      });
  });
  if (addresses.length > 0) sink.error(['addresses'], 'addresses are not possible with resolution DYNAMIC_DNS: routes come from the hosts');
  if (endpoints.length > 0) sink.error(['endpoints'], 'endpoints are not possible with resolution DYNAMIC_DNS: they are looked up by the host of each request');
  ports.forEach(({ number = 0, protocol = '' }, i) => {
    if (protocol.toLowerCase() === 'http') return;
    sink.error(['ports', i, 'protocol'], `only protocol HTTP is possible with resolution DYNAMIC_DNS, and port ${number} has ${protocol || 'none'}`, {
      same: 'DYNAMIC_DNS protocol',
    });
  });
  if (location !== 'MESH_EXTERNAL') sink.error(['location'], `location is ${location}; resolution DYNAMIC_DNS is for MESH_EXTERNAL`);
}
