import type { ServicePort } from './kubernetes.ts';

/** Protocols that the name of a port can begin with. */
export const protocolNames = ['tcp', 'udp', 'grpc', 'grpc-web', 'http', 'http_proxy', 'http2', 'https', 'tls', 'mongo', 'redis', 'mysql'] as const;
export type Protocol = (typeof protocolNames)[number];

const known: ReadonlySet<string> = new Set(protocolNames);

/** Values of appProtocol that Kubernetes itself defines. */
const kubernetesProtocols: ReadonlyMap<string | undefined, Protocol> = new Map([
  ['kubernetes.io/h2c', 'http2'],
  ['kubernetes.io/ws', 'http'],
  ['kubernetes.io/wss', 'https'],
]);

/** SMTP, DNS, MySQL, MongoDB: servers speak first there, so a protocol cannot be detected. */
const serverFirstPorts: ReadonlySet<number> = new Set([25, 53, 3306, 27017]);

/** The protocol that a name begins with, up to its first dash, in any case of letters. */
export function protocolOfName(name: string): Protocol | undefined {
  const lower = name.toLowerCase();
  if (lower.startsWith('grpc-web')) return 'grpc-web';
  const prefix = lower.split('-', 1)[0] as string;
  return known.has(prefix) ? (prefix as Protocol) : undefined;
}

/** The protocol that an appProtocol stands for: one of Kubernetes' own values, or a name. */
export function protocolOfAppProtocol(appProtocol: string): Protocol | undefined {
  return kubernetesProtocols.get(appProtocol) ?? protocolOfName(appProtocol);
}

/**
 * The protocol that a Service declares for a port: by appProtocol, else by the port's name up to its first dash, in any case
 * of letters. Undefined when it declares none that Istio knows, so that it has to be detected.
 */
export function protocolOf(port: ServicePort): Protocol | undefined {
  if (port.protocol === 'UDP') return 'udp';
  const ofKubernetes = kubernetesProtocols.get(port.appProtocol);
  if (ofKubernetes) return ofKubernetes;
  const declared = protocolOfName(String(port.appProtocol ?? port.name ?? ''));
  if (declared) return declared;
  return serverFirstPorts.has(port.port) ? 'tcp' : undefined;
}
