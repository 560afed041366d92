import { compareText } from './table.ts';

/** What the name of a cluster says: `outbound|8080|v1|cart.shop.svc.cluster.local`, `inbound|8080||`. */
export interface ClusterName {
  /** Empty for names that are not of this form. */
  direction: string;
  port: number | undefined;
  subset: string;
  /** The whole name where it is not of this form. */
  host: string;
}

export function parseClusterName(name: string): ClusterName {
  const parts = name.split('|');
  if (parts.length < 4) return { direction: '', port: undefined, subset: '', host: name };
  const [direction = '', port = '', subset = '', host = ''] = parts;
  return { direction, port: Number(port) || 0, subset, host };
}

/** By host, subset, port and direction. */
export function compareClusterNames(a: string, b: string): number {
  const [one, other] = [parseClusterName(a), parseClusterName(b)];
  return (
    compareText(one.host, other.host) ||
    compareText(one.subset, other.subset) ||
    (one.port ?? 0) - (other.port ?? 0) ||
    compareText(one.direction, other.direction)
  );
}
