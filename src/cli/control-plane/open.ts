import type { KubeClient } from '../../kube/client.ts';
import { type ClusterFlags, connectWith } from '../cluster.ts';
import { addressText, parseXdsAddress } from '../proxy/xds-address.ts';
import type { ControlPlane, Replica } from './replica.ts';

/** Flags of every command that asks a control plane. */
export interface ControlPlaneFlags extends ClusterFlags {
  /** Of the control plane in a cluster. */
  istioNamespace: string;
  /** Undefined: all revisions. */
  revision?: string;
  /** One that is asked directly, in the place of those of the cluster. */
  xdsAddress?: string;
}

/** A control plane, and the cluster that it is in. */
export interface OpenControlPlane {
  controlPlane: ControlPlane;
  /** Undefined where it was named by its address. */
  client: KubeClient | undefined;
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * The control plane that the flags of a command name: the address of `--xds-address`, else all replicas in the cluster, each by a
 * port-forward. Nothing is asked of it yet.
 *
 * @throws CliError for flags that make no sense, and without a usable kubeconfig
 */
export async function openControlPlane(flags: ControlPlaneFlags, signal?: AbortSignal): Promise<OpenControlPlane> {
  if (flags.xdsAddress !== undefined) {
    const controlPlane = addressedControlPlane(flags.xdsAddress);
    return { controlPlane, client: undefined, close: () => controlPlane.close() };
  }
  const client = await connectWith(flags, 'A control plane without a cluster is named with --xds-address HOST:PORT; weft xds serve is at 127.0.0.1:15010.');
  const { istioNamespace, revision } = flags;
  const { ClusterControlPlane } = await import('./cluster-control-plane.ts');
  const controlPlane = new ClusterControlPlane(client, { istioNamespace, revision, signal });
  return {
    controlPlane,
    client,
    async close() {
      await controlPlane.close();
      client.close();
    },
  };
}

/**
 * One process, by its address.
 *
 * @param text `HOST:PORT` or `unix:PATH`
 * @throws CliError (usage)
 */
export function addressedControlPlane(text: string): ControlPlane {
  const address = addressText(parseXdsAddress(text));
  const replica: Replica = { name: address, address, pod: undefined, failure: () => undefined };
  return { place: address, replicas: async () => [replica], close: async () => {} };
}
