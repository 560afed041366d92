import { message } from '../message.ts';

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
  text: ({ virtualService, gateway }) => `virtual service ${virtualService} names ${gateway}, which is generated from a Gateway API resource and may change its name`,
  help: 'use an HTTPRoute with parentRefs for a Gateway API gateway',
});
