// A cluster to install weft in, seen through a gate.
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject, ObjectRef } from '../../src/kube/object.ts';
import { startCluster } from './cluster.ts';
import { type Gate, openGate } from './gate.ts';
import { contentOf, inventory } from './inventory.ts';
import { type Ran, runWeft, weft } from './weft.ts';

export const admission = 'admissionregistration.k8s.io/v1';
export const controller: ObjectRef = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'istio-system', name: 'weft-controller' };
export const record: ObjectRef = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'istio-system', name: 'weft-values' };
export const injector: ObjectRef = { apiVersion: admission, kind: 'MutatingWebhookConfiguration', name: 'weft-sidecar-injector' };

export interface Installing {
  readonly gate: Gate;
  readonly client: KubeClient;
  /** Through the gate. */
  run(...args: string[]): Promise<Ran>;
  /** @throws Error unless it ends with 0 */
  succeed(...args: string[]): Promise<Ran>;
  /** Everything that is installed, and what tells one state of it from another: without what controllers make of it (pods, EndpointSlices), and tell of it. */
  versions(): Promise<Map<string, string>>;
  /** What was made, changed or removed since then. */
  changed(before: ReadonlyMap<string, string>): Promise<string[]>;
  /** `data` of a ConfigMap. */
  dataOf(ref: ObjectRef): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startInstalling(): Promise<Installing> {
  const cluster = await startCluster();
  const gate = await openGate(cluster);
  const client = await connect({ kubeconfig: cluster.kubeconfig });
  const versions = async (): Promise<Map<string, string>> => {
    const isInstalled = ({ metadata }: KubeObject): boolean => metadata.labels?.['weft.mesh/component'] !== undefined && !metadata.ownerReferences?.length;
    return new Map([...(await inventory(client))].flatMap(([key, object]) => (isInstalled(object) ? [[key, contentOf(object)]] : [])));
  };
  return {
    gate,
    client,
    run: (...args) => runWeft(args, { kubeconfig: gate.kubeconfig }),
    succeed: (...args) => weft(args, { kubeconfig: gate.kubeconfig }),
    versions,
    async changed(before) {
      const after = await versions();
      return [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key)).sort();
    },
    async dataOf(ref) {
      return ((await client.get(ref))?.data ?? {}) as Record<string, string>;
    },
    async stop() {
      client.close();
      await gate.close();
      await cluster.stop();
    },
  };
}

export interface Hook {
  name: string;
  clientConfig: { caBundle?: string; service?: { name: string } };
}

/** Of a configuration of webhooks; none where there is no such configuration. */
export function hooksOf(configuration: KubeObject | undefined): Hook[] {
  return (configuration?.webhooks ?? []) as Hook[];
}
