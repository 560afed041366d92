import { clusterDomain } from './hosts.ts';
import type { MeshService } from './services.ts';

/** An address that takes the place of the endpoints of a service, or of one of its subsets: `--map` on a laptop. */
export interface EndpointOverride {
  /** Full name, or as clients of the proxy's namespace say it. */
  host: string;
  /** Undefined: the whole service. */
  subset?: string;
  /** Port of the service; undefined: every port. */
  port?: number;
  address: string;
  targetPort: number;
}

/**
 * `cart=127.0.0.1:9001`, `cart/v1=127.0.0.1:9001`, `cart.shop:8080/v1=[::1]:9001`, `cart=9001` for a port of this machine.
 *
 * @returns undefined for anything else
 */
export function parseEndpointOverride(written: string): EndpointOverride | undefined {
  const match = /^([^\s=/:]+)(?::(\d+))?(?:\/([^\s=/]+))?=(?:(?:\[([^\]\s]+)\]|([^\s:[\]]+)):)?(\d+)$/.exec(written);
  if (!match) return undefined;
  const [, host = '', port, subset, ipv6, name, target = ''] = match;
  if (!isPort(target) || (port !== undefined && !isPort(port))) return undefined;
  return {
    host: host.toLowerCase(),
    ...(subset === undefined ? {} : { subset }),
    ...(port === undefined ? {} : { port: Number(port) }),
    address: ipv6 ?? name ?? '127.0.0.1',
    targetPort: Number(target),
  };
}

function isPort(text: string): boolean {
  return Number(text) >= 1 && Number(text) <= 65535;
}

/** The overrides for a port of a service, as a client of a namespace names it. */
export function overridesFor(
  overrides: readonly EndpointOverride[],
  { host, name, namespace, source }: Pick<MeshService, 'host' | 'name' | 'namespace' | 'source'>,
  port: number,
  client: string,
): readonly EndpointOverride[] {
  if (overrides.length === 0) return overrides;
  const names = new Set([host]);
  const short = source === 'kubernetes' ? name : host.endsWith(`.${namespace}.${clusterDomain}`) ? host.slice(0, -`.${namespace}.${clusterDomain}`.length) : '';
  if (short !== '') {
    names.add(`${short}.${namespace}`).add(`${short}.${namespace}.svc`);
    if (client === namespace) names.add(short);
  }
  return overrides.filter((override) => names.has(override.host.toLowerCase()) && (override.port === undefined || override.port === port));
}
