import type { Path } from '../../manifest/problem.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { ServicePort, ServiceSpec, WorkloadControllerSpec } from '../../model/kubernetes.ts';

export interface Said {
  path?: Path;
  text: string;
}

const protocols: ReadonlySet<string> = new Set(['tcp', 'udp', 'grpc', 'grpc-web', 'http', 'http_proxy', 'http2', 'https', 'tls', 'mongo', 'redis', 'mysql']);
const appProtocols: ReadonlySet<string> = new Set(['kubernetes.io/h2c', 'kubernetes.io/ws', 'kubernetes.io/wss']);

function isProtocol(name: string): boolean {
  const lower = name.toLowerCase();
  return protocols.has(lower) || lower.startsWith('grpc-web') || protocols.has(lower.split('-')[0] as string);
}

/** The protocol of each TCP port is told by appProtocol or by the name (spec/analyze/validation.md, "validate extras"). */
export function checkService(service: Resource): Said[] {
  const { ports } = service.spec as ServiceSpec;
  const out: Said[] = [];
  (Array.isArray(ports) ? ports : []).forEach((port: ServicePort | null, index) => {
    if (!port || String(port.protocol).toUpperCase() === 'UDP') return;
    const path = ['spec', 'ports', index];
    if (port.appProtocol) {
      if (!isProtocol(port.appProtocol) && !appProtocols.has(port.appProtocol)) {
        out.push({ path: [...path, 'appProtocol'], text: `appProtocol "${port.appProtocol}" of port ${port.port} is no protocol that the mesh knows` });
      }
      return;
    }
    if (!port.name) out.push({ path, text: `port ${port.port} has no name, so its protocol has to be guessed; name it http, grpc, tcp …` });
    else if (!isProtocol(port.name)) {
      out.push({ path: [...path, 'name'], text: `port name "${port.name}" does not begin with a protocol (http, grpc, tcp …), so the protocol of port ${port.port} has to be guessed` });
    }
  });
  return out;
}

/** Without app and version labels telemetry cannot tell workloads apart. A note, not an error. */
export function checkDeployment(deployment: Resource): Said[] {
  const labels = (deployment.spec as WorkloadControllerSpec).template?.metadata?.labels ?? {};
  const named = labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? labels.app;
  const revision = labels['service.istio.io/canonical-revision'] ?? labels['app.kubernetes.io/version'] ?? labels.version;
  const missing = [named === undefined ? 'app' : '', revision === undefined ? 'version' : ''].filter(Boolean);
  if (missing.length === 0) return [];
  return [{ path: ['spec', 'template', 'metadata', 'labels'], text: `the pods have no label ${missing.join(' and no label ')}, so metrics and traces cannot tell them apart` }];
}
