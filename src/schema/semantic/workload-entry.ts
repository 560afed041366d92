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
      sink.error(at, 'there is no address');
      return;
    }
    sink.warning(at, `there is no address, only the network "${network}"`);
  } else if (isUnixAddress(address)) {
    checkUnixAddress(sink, at, address);
    if (Object.keys(ports).length > 0) sink.error([...path, 'ports'], `Unix socket ${address} cannot have ports`);
    if (servicePorts && servicePorts.size !== 1) {
      sink.error(at, `a service with an endpoint that is a Unix socket has 1 port, and this one has ${servicePorts.size}`, { same: 'one port for unix endpoints' });
    }
  } else if (servicePorts && !isIp(address)) {
    sink.error(at, `address "${address}" is not an IP address, which resolution STATIC needs`);
  } else {
    checkHostOrIp(sink, at, address);
  }
  checkEndpointPorts(sink, [...path, 'ports'], ports, servicePorts);
  checkLabelMap(sink, [...path, 'labels'], entry.labels);
}

/** A domain name or an IP address. */
export function checkHostOrIp(sink: ProblemSink, path: Path, address: string): void {
  if (!isIp(address) && fqdnProblem(address)) sink.error(path, `address "${address}" is neither a domain name nor an IP address`);
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
