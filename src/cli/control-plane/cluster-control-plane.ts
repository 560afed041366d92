import { controllerPorts } from '../../install/values.ts';
import type { KubeClient } from '../../kube/client.ts';
import { listAll } from '../../kube/list-all.ts';
import type { KubeObject } from '../../kube/object.ts';
import { isPodReady } from '../../kube/pod-reason.ts';
import { type Forward, portForward } from '../../kube/port-forward.ts';
import { compareText } from '../../manifest/compare-text.ts';
import { revisionLabel } from '../../model/injection.ts';
import { toCliError } from '../cluster.ts';
import { CliError } from '../exit.ts';
import type { ControlPlane, Replica, ReplicaPod } from './replica.ts';

/** Of the pods of a control plane. */
const controllerLabel = 'app=weft-controller';

export interface ClusterControlPlaneOptions {
  istioNamespace: string;
  /** Undefined: all. */
  revision?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** The controllers of a cluster, each by a port-forward of its own. */
export class ClusterControlPlane implements ControlPlane {
  readonly place: string;
  private readonly client: KubeClient;
  private readonly options: ClusterControlPlaneOptions;
  /** By the UID of the pod. */
  private readonly open = new Map<string, { replica: Replica; forward: Forward }>();

  constructor(client: KubeClient, options: ClusterControlPlaneOptions) {
    this.client = client;
    this.options = options;
    this.place = `namespace ${options.istioNamespace}`;
  }

  async replicas(): Promise<readonly Replica[]> {
    const pods = await this.pods();
    if (pods.length === 0) throw this.nobody();
    const uids = new Set(pods.map(({ uid }) => uid));
    const gone = [...this.open].filter(([uid]) => !uids.has(uid));
    for (const [uid] of gone) this.open.delete(uid);
    await Promise.all(gone.map(([, { forward }]) => forward.close()));
    const found = await Promise.all(pods.map((pod) => this.replica(pod)));
    return found.filter((replica) => replica !== undefined);
  }

  async close(): Promise<void> {
    const forwards = [...this.open.values()];
    this.open.clear();
    await Promise.all(forwards.map(({ forward }) => forward.close()));
  }

  /** Those that run. A pod that ends still serves its proxies for a while. */
  private async pods(): Promise<ReplicaPod[]> {
    const { istioNamespace, revision } = this.options;
    const labelSelector = revision === undefined ? controllerLabel : `${controllerLabel},${revisionLabel}=${revision}`;
    try {
      const pods = await listAll(this.client, 'v1', 'Pod', { namespace: istioNamespace, labelSelector });
      return pods
        .filter((pod) => (pod.status as { phase?: string } | undefined)?.phase === 'Running')
        .map(podOf)
        .sort((a, b) => compareText(a.revision, b.revision) || compareText(a.name, b.name));
    } catch (error) {
      throw toCliError(error);
    }
  }

  /** Undefined for one that there is no way to, and that nobody is sent to. */
  private async replica(pod: ReplicaPod): Promise<Replica | undefined> {
    const known = this.open.get(pod.uid);
    if (known) {
      known.replica.pod = pod;
      return known.replica;
    }
    try {
      const forward = await portForward(this.client, pod, controllerPorts.xds, { signal: this.options.signal });
      const { host, port } = forward.address;
      const replica: Replica = { name: pod.name, address: `${host}:${port}`, pod, failure: () => forward.failure };
      this.open.set(pod.uid, { replica, forward });
      return replica;
    } catch (error) {
      if (!pod.isReady) return undefined;
      throw toCliError(error, 'Or name a control plane that you can reach with --xds-address HOST:PORT.');
    }
  }

  private nobody(): CliError {
    const { istioNamespace, revision } = this.options;
    const which = revision === undefined ? 'no control plane of weft runs' : `no control plane of weft of revision ${revision} runs`;
    return new CliError(
      `${which} in namespace ${istioNamespace} of ${this.client.server}`,
      undefined,
      'weft install installs one; -i names another namespace, and --xds-address HOST:PORT a control plane that runs elsewhere, such as weft xds serve.',
    );
  }
}

function podOf(pod: KubeObject): ReplicaPod {
  const { namespace = '', name = '', uid = '', labels = {}, deletionTimestamp } = pod.metadata;
  return {
    namespace,
    name,
    uid,
    revision: labels[revisionLabel] ?? 'default',
    isReady: isPodReady(pod),
    isTerminating: deletionTimestamp !== undefined,
  };
}
