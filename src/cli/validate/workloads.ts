import type { Path } from '../../manifest/problem.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { ServicePort, ServiceSpec, WorkloadControllerSpec } from '../../model/kubernetes.ts';
import { protocolOfAppProtocol, protocolOfName } from '../../model/protocols.ts';
import { isMap, items, text } from '../../model/untyped.ts';

export interface Said {
  path?: Path;
  text: string;
}

/** The protocol of each TCP port is told by appProtocol or by the name (spec/analyze/validation.md, "validate extras"). */
export function checkService(service: Resource): Said[] {
  const out: Said[] = [];
  items<ServicePort>((service.spec as ServiceSpec).ports).forEach((port, index) => {
    if (text(port.protocol).toUpperCase() === 'UDP') return;
    const path = ['spec', 'ports', index];
    const appProtocol = text(port.appProtocol);
    const name = text(port.name);
    const number = typeof port.port === 'number' ? `port ${port.port}` : `ports[${index}]`;
    if (appProtocol !== '') {
      if (protocolOfAppProtocol(appProtocol) === undefined) {
        out.push({ path: [...path, 'appProtocol'], text: `appProtocol "${appProtocol}" of ${number} is no protocol that the mesh knows` });
      }
    } else if (name === '') out.push({ path, text: `${number} has no name, so its protocol has to be guessed; name it http, grpc, tcp …` });
    else if (protocolOfName(name) === undefined) {
      out.push({
        path: [...path, 'name'],
        text: `port name "${name}" does not begin with a protocol (http, grpc, tcp …), so the protocol of ${number} has to be guessed`,
      });
    }
  });
  return out;
}

/** Without app and version labels telemetry cannot tell workloads apart. A note, not an error. */
export function checkDeployment(deployment: Resource): Said[] {
  const written = (deployment.spec as WorkloadControllerSpec).template?.metadata?.labels;
  const labels: Record<string, unknown> = isMap(written) ? written : {};
  const named = labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? labels.app;
  const revision = labels['service.istio.io/canonical-revision'] ?? labels['app.kubernetes.io/version'] ?? labels.version;
  const missing = [named === undefined ? 'app' : '', revision === undefined ? 'version' : ''].filter(Boolean);
  if (missing.length === 0) return [];
  return [
    {
      path: ['spec', 'template', 'metadata', 'labels'],
      text: `the pods have no label ${missing.join(' and no label ')}, so metrics and traces cannot tell them apart`,
    },
  ];
}
