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
      if (endpoints.length > 0) sink.error(['endpoints'], 'resolution NONE sends traffic where the client wanted, so there can be no endpoints');
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

function checkDns(sink: ProblemSink, { hosts = [], addresses = [] }: ServiceEntry, ports: readonly ServicePort[], endpoints: readonly WorkloadEntry[], resolution: string): void {
  if (endpoints.length === 0) {
    hosts.forEach((host, i) => {
      const problem = fqdnProblem(host);
      if (problem) sink.error(['hosts', i], `resolution ${resolution} looks the hosts up where there are no endpoints, and this one cannot be: ${problem}`);
    });
  }
  if (resolution === 'DNS_ROUND_ROBIN' && endpoints.length > 1) {
    sink.error(['endpoints', 1], `resolution DNS_ROUND_ROBIN takes 0 or 1 endpoints, and there are ${endpoints.length}`, { same: 'one endpoint' });
  }
  const tcp = ports.findIndex(({ protocol }) => isTcpProtocol(protocol));
  if (addresses.length > 0 && tcp >= 0 && hosts.length > 1) {
    sink.warning(['ports', tcp], 'several hosts share the addresses and a TCP port, so their traffic cannot be told apart', {
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
    if (!host.startsWith('*')) sink.error(['hosts', i], `host ${host} is not a wildcard, which resolution DYNAMIC_DNS is for`, { same: 'host without wildcard' });
  });
  if (addresses.length > 0) sink.error(['addresses'], 'resolution DYNAMIC_DNS takes no addresses: routes come from the hosts');
  if (endpoints.length > 0) sink.error(['endpoints'], 'resolution DYNAMIC_DNS takes no endpoints: they are looked up by the host of each request');
  ports.forEach(({ number = 0, protocol = '' }, i) => {
    if (protocol.toLowerCase() === 'http') return;
    sink.error(['ports', i, 'protocol'], `resolution DYNAMIC_DNS takes ports of protocol HTTP only, and port ${number} has ${protocol || 'none'}`, {
      same: 'DYNAMIC_DNS protocol',
    });
  });
  if (location !== 'MESH_EXTERNAL') sink.error(['location'], `resolution DYNAMIC_DNS is for location MESH_EXTERNAL, and this is ${location}`);
}
