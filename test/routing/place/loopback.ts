// Without a network of its own and redirection only a part of the cases can be run: requests by HTTP to services of the registry.
import type { CaseStep, Observation, RoutingCase } from '../corpus.ts';

/** Why a step needs to be redirected. */
function whyNotStep(step: CaseStep, expected: Observation): string | undefined {
  if (step.tcp) return 'a TCP connection has nothing that tells its destination but the destination';
  if (step.tls) return 'a TLS connection has nothing that tells its destination but the destination';
  if (step.destination !== undefined || step.source !== undefined) return 'a step connects to or from an address of its own';
  if (JSON.stringify(expected).includes('PassthroughCluster')) return 'a request goes on to its original destination';
  if (expected.error === 'connection-closed') return 'a connection is refused by its original destination';
  return undefined;
}

/** Lowest port that everybody may bind. */
const firstPort = 1024;

/** Why a case needs more than plain loopback. */
export function whyNotOnLoopback({ role, services, endpoints, steps, observed }: RoutingCase): string | undefined {
  if (role !== 'outbound') return `the proxy is ${role === 'gateway' ? 'a gateway' : 'in front of a service'} with an address of its own`;
  if (Object.values(endpoints).some((list) => list.some(({ address }) => address !== undefined))) return 'a service has an address of its own';
  if (services.some(({ ports }) => ports.some(({ number }) => number < firstPort))) return `a service has a port below ${firstPort}`;
  for (const [index, step] of steps.entries()) {
    const otherPort = step.port !== undefined && !step.request?.host?.endsWith(`:${step.port}`) && services.some(({ ports }) => ports.length > 1);
    const why = otherPort ? 'a step connects to a port that its Host header does not name' : whyNotStep(step, observed[index] ?? {});
    if (why !== undefined) return why;
  }
  return undefined;
}
