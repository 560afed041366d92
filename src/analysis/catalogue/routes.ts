import { message } from '../message.ts';
import { names } from '../wording.ts';

/** IST0109 */
export const IST0109 = message<{
  virtualServices: readonly string[];
  /** Who sees the host (`*` or a namespace), and the host, with a slash between them. */
  host: string;
}>({
  name: 'ConflictingMeshGatewayVirtualServiceHosts',
  level: 'Error',
  summary: 'several virtual services route the same host for sidecars',
  text: ({ virtualServices, host }) =>
    virtualServices.length === 1
      ? `virtual service ${virtualServices[0]} defines host ${host} twice for sidecars (gateway "mesh")`
      : `virtual services ${names(virtualServices, ', ')} all define host ${host} for sidecars (gateway "mesh")`,
  help: 'put all routes of the host into one virtual service, or export each of them to other namespaces',
  effect: 'a sidecar uses one of them for the whole host and ignores the routes of the others',
  aliases: ['KIA1106'],
});

/** IST0112 */
export const IST0112 = message<{ host: string; ports: readonly number[]; same?: string }>({
  name: 'VirtualServiceDestinationPortSelectorRequired',
  level: 'Error',
  summary: 'a destination without a port is a service with several ports',
  text: ({ host, ports }) => `this destination names no port, and "${host}" has several: [${ports.join(' ')}]`,
  help: ({ ports }) => `add the port: port: {number: ${ports[0]}}`,
  effect: 'requests go to the port that the client called; a port that the service does not have ends in 503',
});

/** IST0140 */
export const IST0140 = message<{ from: string; virtualService: string; same?: string }>({
  name: 'IngressRouteRulesNotAffected',
  level: 'Warning',
  summary: 'requests through a gateway do not use the subsets that another virtual service routes to',
  text: ({ from, virtualService }) =>
    `requests that virtual service ${virtualService} routes from its gateways do not use the subsets in virtual service ${from}`,
  help: 'name the subset in this route, too: routing rules apply once, where the request enters',
});

/** IST0149 */
export const IST0149 = message<{ key: string; gateway: string; pod: string }>({
  name: 'JwtClaimBasedRoutingWithoutRequestAuthN',
  level: 'Error',
  summary: 'routes by a JWT claim, and no request authentication reads tokens at the gateway',
  text: ({ key, gateway, pod }) =>
    `this virtual service matches the JWT claim ${key}, and no request authentication applies to pod ${pod} of gateway ${gateway}`,
  help: 'add a RequestAuthentication that selects the gateway pods, in their namespace or in the root namespace',
  effect: 'the claim is never known there, so the match never holds (with withoutHeaders: always)',
});
