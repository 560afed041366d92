import { controllerPorts, installedNames, type Values } from '../values.ts';

/** HOST:PORT where proxies of the cluster find the control plane. */
export function controlPlaneAddress({ namespace, revision }: Values): string {
  return `${installedNames(revision).controller}.${namespace}.svc:${controllerPorts.secure}`;
}

export function trustDomainOf({ meshConfig }: Values): string {
  return typeof meshConfig.trustDomain === 'string' && meshConfig.trustDomain !== '' ? meshConfig.trustDomain : 'cluster.local';
}
