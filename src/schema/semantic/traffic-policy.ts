import type {
  TrafficPolicy,
  TrafficPolicy_PortTrafficPolicy,
  TrafficPolicy_ProxyProtocol,
  TrafficPolicy_TunnelSettings,
} from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkClientTls } from './client-tls.ts';
import { checkConnectionPool } from './connection-pool.ts';
import { checkLoadBalancer } from './load-balancer.ts';
import { checkOutlierDetection } from './outlier-detection.ts';
import { fqdnProblem, isIp, isPort, itemsOf } from './primitives.ts';
import type { ProblemSink } from './validator.ts';

/** `trafficPolicy` of a destination rule or of a subset. */
export function checkTrafficPolicy(sink: ProblemSink, path: Path, policy: TrafficPolicy | undefined, namespace: string): void {
  if (!policy) return;
  const { tunnel, proxyProtocol } = policy;
  const ports = itemsOf(policy.portLevelSettings);
  if (!hasSettings(policy) && ports.length === 0 && !tunnel && !proxyProtocol && !policy.retryBudget) {
    const fields = 'connectionPool, loadBalancer, outlierDetection, tls, portLevelSettings, tunnel, proxyProtocol, retryBudget';
    sink.error(path, 'traffic policy is empty', { help: `give at least one of ${fields}, or remove it` });
    return;
  }
  if (tunnel && proxyProtocol) {
    sink.error([...path, 'proxyProtocol'], 'tunnel and proxyProtocol cannot both be set', { help: 'keep one of the two' });
    return;
  }
  checkSettings(sink, path, policy, namespace);
  ports.forEach((port, i) => checkPortPolicy(sink.errorsOnly(), [...path, 'portLevelSettings', i], port, namespace));
  if (tunnel) checkTunnel(sink, [...path, 'tunnel'], tunnel);
  if (proxyProtocol) checkProxyProtocol(sink, [...path, 'proxyProtocol', 'version'], proxyProtocol);
}

type Settings = Pick<TrafficPolicy, 'outlierDetection' | 'connectionPool' | 'loadBalancer' | 'tls'>;

/** Whether there is anything of what policies of hosts and of ports have in common. */
function hasSettings(policy: Settings): boolean {
  return Boolean(policy.outlierDetection || policy.connectionPool || policy.loadBalancer || policy.tls);
}

function checkSettings(sink: ProblemSink, path: Path, policy: Settings, namespace: string): void {
  checkOutlierDetection(sink, [...path, 'outlierDetection'], policy.outlierDetection);
  checkConnectionPool(sink, [...path, 'connectionPool'], policy.connectionPool);
  checkLoadBalancer(sink, [...path, 'loadBalancer'], policy.loadBalancer, policy.outlierDetection);
  checkClientTls(sink, [...path, 'tls'], policy.tls, namespace);
}

function checkPortPolicy(sink: ProblemSink, path: Path, policy: TrafficPolicy_PortTrafficPolicy, namespace: string): void {
  if (!policy.port) sink.error(path, 'port is missing from a policy of portLevelSettings', { help: 'name the port that it is for: port: {number: 8080}' });
  if (hasSettings(policy)) checkSettings(sink, path, policy, namespace);
  else {
    sink.error(path, 'port policy is empty', { help: 'give at least one of connectionPool, loadBalancer, outlierDetection, tls' });
  }
}

function checkTunnel(sink: ProblemSink, path: Path, tunnel: TrafficPolicy_TunnelSettings): void {
  const { protocol = '', targetHost = '', targetPort = 0 } = tunnel;
  if (!['', 'CONNECT', 'POST'].includes(protocol)) {
    sink.error([...path, 'protocol'], `tunnel protocol ${protocol} is neither "CONNECT" nor "POST"`, { same: 'tunnel protocol' });
  }
  const hostProblem = fqdnProblem(targetHost);
  if (hostProblem && !isIp(targetHost)) {
    sink.error([...path, 'targetHost'], `tunnel targetHost ${targetHost} is neither a domain name nor an IP address: ${hostProblem}`);
  }
  if (!isPort(targetPort)) sink.error([...path, 'targetPort'], `tunnel targetPort ${targetPort} is out of range; ports go from 1 to 65535`);
}

function checkProxyProtocol(sink: ProblemSink, path: Path, { version = 'V1' }: TrafficPolicy_ProxyProtocol): void {
  if (version !== 'V1' && version !== 'V2') sink.error(path, `proxyProtocol version ${version as string} does not exist; there are V1 and V2`);
}
