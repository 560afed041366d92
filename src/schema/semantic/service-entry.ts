import type { ServiceEntry, ServicePort } from '../../manifest/istio/networking.gen.ts';
import { checkPortName, checkProtocol, checkSubnet, isPartialWildcard } from './address.ts';
import { checkExportTo, checkPort, checkSelector, checkWildcardDomain, itemsOf } from './primitives.ts';
import { isHttpProtocol, isTlsProtocol } from './protocol.ts';
import { checkResolution } from './service-entry-resolution.ts';
import type { ProblemSink, Target, Validator } from './validator.ts';

export const validateServiceEntry: Validator<ServiceEntry> = (entry, sink, target) => {
  const { hosts = [], addresses = [], resolution = 'NONE', workloadSelector, endpoints = [] } = entry;
  // A wrong selector hides everything else.
  const selector = workloadSelector && { labels: workloadSelector.labels, field: 'labels' };
  if (!checkSelector(sink, ['workloadSelector'], selector)) return;
  if (workloadSelector && endpoints.length > 0) {
    sink.error(['endpoints'], 'only one of workloadSelector and endpoints can be set', { help: 'workloads are either selected by labels or listed; keep one' });
  }
  checkHosts(sink, hosts, resolution);
  addresses.forEach((address, i) => checkSubnet(sink, ['addresses', i], address));
  const range = addresses.findIndex((address) => address.includes('/'));
  if (range >= 0 && resolution !== 'NONE' && resolution !== 'STATIC') {
    sink.error(['addresses', range], `CIDR range ${addresses[range]} is for resolution NONE/STATIC only, and the resolution is ${resolution}`, {
      same: 'CIDR address',
    });
  }
  const ports = itemsOf(entry.ports);
  checkPorts(sink, ports, addresses.length > 0 || allocatesAddresses(resolution, target));
  checkResolution(sink, entry, ports);
  if (resolution !== 'NONE' && hosts.length > 1) checkHostsDistinct(sink, ports);
  checkExportTo(sink, entry.exportTo, target.namespace, { allowNone: true });
};

function checkHosts(sink: ProblemSink, hosts: readonly string[], resolution: string): void {
  if (hosts.length === 0) sink.error(['hosts'], 'service entry has no hosts', { help: 'name the hosts that clients use' });
  hosts.forEach((host, i) => {
    const path = ['hosts', i];
    if (host === '*') {
      sink.error(path, 'invalid host *: a service entry cannot be for every host');
      return;
    }
    checkWildcardDomain(sink, path, host);
    if (isPartialWildcard(host) && resolution !== 'DYNAMIC_DNS') {
      sink.warning(path, `partial wildcard "${host}": a "*" is a label of its own`, { help: 'for example *.example.com' });
    }
  });
}

function checkPorts(sink: ProblemSink, ports: readonly ServicePort[], hasAddresses: boolean): void {
  const names = new Set<string>();
  const numbers = new Set<number>();
  ports.forEach((port, i) => {
    const path = ['ports', i];
    const { name = '', number = 0, protocol = '', targetPort = 0 } = port;
    if (names.has(name)) sink.error([...path, 'name'], `service entry port name "${name}" is used twice`);
    if (numbers.has(number)) sink.error([...path, 'number'], `service entry port ${number} is there twice`);
    names.add(name);
    numbers.add(number);
    if (targetPort !== 0) checkPort(sink, [...path, 'targetPort'], targetPort);
    if (!hasAddresses && (protocol === '' || protocol === 'TCP')) {
      sink.warning(path, 'addresses are needed for a port of protocol TCP (or of none), because none is allocated for this service entry', {
        help: 'set addresses: without one, the port takes the traffic of every address',
      });
    }
    checkPortName(sink, [...path, 'name'], name);
    checkProtocol(sink, [...path, 'protocol'], protocol);
    checkPort(sink, [...path, 'number'], number);
  });
}

/** Istio allocates addresses for hosts that have none, unless it cannot use them or a label says no. */
function allocatesAddresses(resolution: string, { labels, metadata }: Target): boolean {
  const optedOut = metadata && labels['networking.istio.io/enable-autoallocate-ip']?.toLowerCase() === 'false';
  return resolution !== 'NONE' && !optedOut;
}

/** Plain TCP has no host name in it, so traffic of several hosts cannot be told apart. */
function checkHostsDistinct(sink: ProblemSink, ports: readonly ServicePort[]): void {
  const blind = ports.findIndex(({ protocol }) => !isHttpProtocol(protocol) && !isTlsProtocol(protocol));
  if (blind >= 0) {
    const port = ports[blind]?.number ?? 0;
    sink.error(['ports', blind], `multiple hosts share port ${port}, which is neither HTTP nor TLS, so their traffic cannot be told apart`, {
      same: 'several hosts on a TCP port',
      help: 'give each host a service entry of its own',
    });
  }
}
