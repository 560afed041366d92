import { message } from '../message.ts';

/** IST0118 */
export const IST0118 = message<{ name: string; port: number; targetPort: string }>({
  name: 'PortNameIsNotUnderNamingConvention',
  level: 'Info',
  summary: 'the name of a port declares no protocol, so Istio has to detect it',
  text: ({ name, port, targetPort }) =>
    name === ''
      ? `port ${port} (targetPort ${targetPort}) has no name, so Istio has to detect its protocol`
      : `the name ${name} of port ${port} (targetPort ${targetPort}) begins with no protocol that Istio knows, so Istio has to detect it`,
  help: 'name it by its protocol, such as http, grpc-web or tcp-db, or set appProtocol',
  aliases: ['KIA0601'],
});

/** IST0150 */
export const IST0150 = message<{ name: string; port: number; words?: string }>({
  name: 'ExternalNameServiceTypeInvalidPortName',
  level: 'Warning',
  summary: 'a port of an ExternalName service has a name that declares no protocol, or tcp',
  text: ({ name, port }) =>
    `port ${port} of this ExternalName service ${name === '' ? 'has no name' : `is named ${name}`}: a sidecar may take all traffic to this port number for it`,
  help: 'name the port by its protocol, such as http or tls, but not tcp',
});

/** IST0170 */
export const IST0170 = message<{ service: string; namespace: string; clusters: readonly string[]; reasons: readonly string[] }>({
  name: 'MultiClusterInconsistentService',
  level: 'Warning',
  summary: 'a service differs between clusters of the mesh',
  text: ({ service, namespace, clusters, reasons }) =>
    `service ${service} in namespace ${namespace} differs between clusters [${clusters.join(' ')}]: ${reasons.join('; ')}`,
});
