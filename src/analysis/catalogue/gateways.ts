import { message } from '../message.ts';
import { names } from '../wording.ts';

/** IST0132 */
export const IST0132 = message<{ hosts: readonly string[]; virtualService: string; gateway: string }>({
  name: 'VirtualServiceHostNotFoundInGateway',
  level: 'Warning',
  summary: 'no server of a gateway has a host of the virtual service',
  text: ({ hosts, virtualService, gateway }) => `no server of gateway ${gateway} takes a host of virtual service ${virtualService}: [${hosts.join(' ')}]`,
  help: 'add one of the hosts to a server of the gateway, or bind the virtual service to another gateway',
  effect: 'requests through this gateway get 404: it has no route for these hosts',
});

/** IST0165 */
export const IST0165 = message<{ virtualService: string; gateway: string }>({
  name: 'ReferencedInternalGateway',
  level: 'Warning',
  summary: 'a virtual service names a gateway that was generated from the Gateway API',
  text: ({ virtualService, gateway }) =>
    `virtual service ${virtualService} names ${gateway}, which is generated from a Gateway API resource and may change its name`,
  help: 'use an HTTPRoute with parentRefs for a Gateway API gateway',
});

/** IST0138 */
export const IST0138 = message<{ gateways: readonly string[] }>({
  name: 'GatewayDuplicateCertificate',
  level: 'Warning',
  summary: 'several gateways of the same workload serve one certificate',
  text: ({ gateways }) => `gateways [${names(gateways, ' ')}] serve the same certificate`,
  help: 'put their hosts into one server of one gateway',
  effect: 'a browser uses its HTTP/2 connection again for other hosts of the certificate, and gets 404 where the first gateway has no route for them',
});

/** IST0145 */
export const IST0145 = message<{ gateways: readonly string[]; selector: string; port: number; hosts: readonly string[]; same?: string }>({
  name: 'ConflictingGateways',
  level: 'Error',
  summary: 'several gateways open the same port for the same host on one workload',
  text: ({ gateways, selector, port, hosts }) =>
    `port ${port} for hosts ${hosts.join(', ')} on workloads ${selector === '' ? 'of any labels' : selector} is also opened by gateways ${names(gateways, ', ')}`,
  help: 'keep the server in one of the gateways, and bind the virtual services to that one',
});

/** IST0161 */
export const IST0161 = message<{ gateway: string; namespace: string; secret: string; reason: string; words?: string }>({
  name: 'InvalidGatewayCredential',
  level: 'Error',
  summary: 'the Secret of a gateway server holds no certificate that can be served',
  text: ({ gateway, namespace, secret, reason }) =>
    `the credential of gateway ${gateway} cannot be served: Secret ${secret} in namespace ${namespace} ${reason}`,
  help: 'put a valid certificate chain into tls.crt and its key into tls.key',
  effect: 'TLS connections to the hosts of this server fail',
});

/** IST0162 */
export const IST0162 = message<{ port: number; selector: string }>({
  name: 'GatewayPortNotDefinedOnService',
  level: 'Warning',
  summary: 'no Service leads to a port of a gateway',
  text: ({ port, selector }) => `no Service of the gateway workloads (${selector === '' ? 'any labels' : selector}) has target port ${port}`,
  help: ({ port }) => `add a port with targetPort ${port} to the Service of the gateway, or use a port that the Service has`,
  effect: 'clients do not reach this port through the Service',
});
