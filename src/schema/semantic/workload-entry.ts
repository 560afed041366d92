import type { WorkloadEntry } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkPortName, checkUnixAddress, isUnixAddress } from './address.ts';
import { checkLabelMap, checkPort, fqdnProblem, isIp } from './primitives.ts';
import type { ProblemSink, Validator } from './validator.ts';

export const validateWorkloadEntry: Validator<WorkloadEntry> = (entry, sink) => {
  checkWorkloadEntry(sink, [], entry);
};

/**
 * A workload entry, or an endpoint of a service entry of resolution STATIC.
 *
 * @param servicePorts names of the ports of the service entry; its endpoints have IP addresses only
 */
export function checkWorkloadEntry(sink: ProblemSink, path: Path, entry: WorkloadEntry, servicePorts?: ReadonlySet<string>): void {
  const { address = '', network, ports = {} } = entry;
  const at = [...path, 'address'];
  if (address === '') {
    if (!network) {
      sink.error(at, 'address is missing', { help: 'set an IP address, a domain name or a Unix socket' });
      return;
    }
    sink.warning(at, `address is missing, and there is only the network "${network}"`);
  } else if (isUnixAddress(address)) {
    checkUnixAddress(sink, at, address);
    if (Object.keys(ports).length > 0) sink.error([...path, 'ports'], `unix endpoint ${address} cannot have ports`);
    if (servicePorts && servicePorts.size !== 1) {
      sink.error(at, `exactly 1 port is possible with an endpoint that is a Unix socket, and there are ${servicePorts.size}`, {
        same: 'one port for unix endpoints',
      });
    }
  } else if (servicePorts && !isIp(address)) {
    sink.error(at, `endpoint address "${address}" is not an IP address, which resolution STATIC needs`);
  } else {
    checkHostOrIp(sink, at, address);
  }
  checkEndpointPorts(sink, [...path, 'ports'], ports, servicePorts);
  checkLabelMap(sink, [...path, 'labels'], entry.labels);
}

/** A domain name or an IP address. */
export function checkHostOrIp(sink: ProblemSink, path: Path, address: string): void {
  if (!isIp(address) && fqdnProblem(address)) sink.error(path, `endpoint address "${address}" is neither a domain name nor an IP address`);
}

/** Port numbers by the names of the service's ports. */
export function checkEndpointPorts(sink: ProblemSink, path: Path, ports: Readonly<Record<string, number>>, servicePorts?: ReadonlySet<string>): void {
  for (const [name, port] of Object.entries(ports)) {
    const at = [...path, name];
    if (servicePorts && !servicePorts.has(name)) {
      sink.error(at, `endpoint port ${name} (${port}) is not a port of the service entry`, { same: `endpoint port ${port}` });
    }
    checkPortName(sink, at, name);
    checkPort(sink, at, port);
  }
}
