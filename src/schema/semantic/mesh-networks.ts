import type { MeshNetworks, Network } from '../../manifest/istio/mesh.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkSubnet } from './address.ts';
import { checkFqdn, checkPort, fqdnProblem, isDnsLabel, isIp, itemsOf } from './primitives.ts';
import type { ProblemSink, Validator } from './validator.ts';

export const validateMeshNetworks: Validator<MeshNetworks> = (spec, sink) => {
  for (const [name, network] of Object.entries(spec.networks ?? {})) {
    checkNetwork(sink.withErrorPrefix(`network ${name}: `), ['networks', name], network ?? {});
  }
};

function checkNetwork(sink: ProblemSink, path: Path, network: Network): void {
  itemsOf(network.endpoints).forEach(({ fromCidr, fromRegistry }, i) => {
    const at = [...path, 'endpoints', i];
    // Where both are set, the last field counts.
    if (fromRegistry !== undefined) {
      if (!isDnsLabel(fromRegistry)) sink.error([...at, 'fromRegistry'], `"${fromRegistry}" is not the name of a registry (letters, digits and dashes)`);
    } else if (fromCidr !== undefined) checkSubnet(sink, [...at, 'fromCidr'], fromCidr);
  });
  itemsOf(network.gateways).forEach(({ registryServiceName, address, port }, i) => {
    const at = [...path, 'gateways', i];
    if (address !== undefined) {
      if (!isIp(address) && fqdnProblem(address) !== undefined) sink.error([...at, 'address'], `"${address}" is neither an IP address nor a host name`);
    } else if (registryServiceName !== undefined) checkFqdn(sink, [...at, 'registryServiceName'], registryServiceName);
    checkPort(sink, [...at, 'port'], port);
  });
}
