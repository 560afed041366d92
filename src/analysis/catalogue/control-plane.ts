import { message } from '../message.ts';

/** IST0126 */
export const IST0126 = message<{ registry: string; network: string }>({
  name: 'UnknownMeshNetworksServiceRegistry',
  level: 'Error',
  summary: 'mesh networks name a service registry that does not exist',
  text: ({ registry, network }) => `network ${network} takes endpoints from the service registry ${registry}, which does not exist`,
  help: 'name Kubernetes, or a cluster for which there is a Secret with the label istio/multiCluster=true',
});

/** IST0139 */
export const IST0139 = message<{ problem: string; same?: string }>({
  name: 'InvalidWebhook',
  level: 'Error',
  summary: 'a webhook for injection is set up wrongly',
  text: ({ problem }) => problem,
});

const named = (webhook: string): string => (webhook === '' ? 'a webhook without a name' : `webhook ${webhook}`);

interface ExternalAddress {
  url: string;
  webhook: string;
}

/** IST0163 */
export const IST0163 = message<ExternalAddress & { problem: string }>({
  name: 'InvalidExternalControlPlaneConfig',
  level: 'Warning',
  summary: 'a webhook does not say where the external control plane is',
  text: ({ url, webhook, problem }) => `${named(webhook)} has no usable address of a control plane: ${url === '' ? '' : `"${url}" `}${problem}`,
  help: 'set clientConfig.url to the address of the ingress gateway of the external control plane, or clientConfig.service to the local one',
});

/** IST0164 */
export const IST0164 = message<ExternalAddress>({
  name: 'ExternalControlPlaneAddressIsNotAHostname',
  level: 'Info',
  summary: 'a webhook names the external control plane by an IP address',
  text: ({ url, webhook }) => `${named(webhook)} reaches the external control plane by an IP address: ${url}`,
  help: 'use a host name in production: its certificate can be verified, and it stays when the address changes',
});
