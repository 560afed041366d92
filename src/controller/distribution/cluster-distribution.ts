import type { About } from '../../envoy/xds/control-plane-api.ts';
import type { StreamProgress } from '../../envoy/xds/stream.ts';
import type { KubeClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/error.ts';
import { servedAs } from '../../kube/load.ts';
import type { KubeObject } from '../../kube/object.ts';
import { isPodReady } from '../../kube/pod-reason.ts';
import { revisionLabel } from '../../model/injection.ts';
import type { MeshState } from '../mesh-state.ts';
import type { ControllerSettings } from '../settings.ts';
import type { Watches } from '../watch/watches.ts';
import { AbsentProxies } from './absent-proxies.ts';
import { clusterResource, isWaitedFor } from './cluster-resources.ts';
import { Distribution } from './distribution.ts';
import { ResourceVersions } from './resource-versions.ts';

/** Annotation of what was injected. */
const statusAnnotation = 'sidecar.istio.io/status';

export interface ClusterDistributionParts {
  settings: Pick<ControllerSettings, 'client' | 'revision' | 'identity' | 'version'>;
  state: MeshState;
  watches: Watches;
  streams(): readonly StreamProgress[];
  /** Milliseconds since the epoch. */
  startedAt: number;
  servingSince(): number | undefined;
}

/** What a controller says about the way of resources to its proxies. */
export class ClusterDistribution extends Distribution {
  readonly absent: AbsentProxies;
  private readonly versions: ResourceVersions;
  private readonly state: MeshState;

  constructor({ settings, state, watches, streams, startedAt, servingSince }: ClusterDistributionParts) {
    const { client, revision, identity, version } = settings;
    const now = (): number => Date.now();
    const versions = new ResourceVersions();
    const pods = (): ReadonlyMap<string, KubeObject> => watches.store('Pod');
    const absent = new AbsentProxies({
      source: 'cluster',
      isThere: (namespace, name) => isServing(pods().get(`${namespace}/${name}`)) || watches.store('WorkloadEntry').has(`${namespace}/${name}`),
      *expected() {
        for (const pod of pods().values()) {
          const { namespace = '', name = '' } = pod.metadata;
          if (isServing(pod) && isInjectedBy(pod, revision)) yield { namespace, name };
        }
      },
      servingSince,
      now,
    });
    const about: About = { program: 'weft controller', version, revision, identity, startedAt: new Date(startedAt).toISOString() };
    super({
      source: 'cluster',
      about: () => about,
      resource: (request) =>
        clusterResource(request, {
          revision,
          state,
          versions,
          store: (kind) => watches.store(kind),
          seenUpTo: (kind) => watches.version(kind),
          fetch: (kind, namespace, name) => fetchObject(client, kind, namespace, name),
        }),
      streams,
      absent: () => absent.list(),
      now,
    });
    this.absent = absent;
    this.versions = versions;
    this.state = state;
  }

  /** An object came, changed, or went (undefined). */
  changed(kind: string, namespace: string, name: string, object: KubeObject | undefined): void {
    // What the first mesh has needs no memory.
    if (this.state.isReady && isWaitedFor(kind)) this.versions.changed(`${kind} ${namespace}/${name}`, object?.metadata.resourceVersion);
  }

  /** What has changed is in the mesh of this generation. */
  committed(generation: number): void {
    this.versions.committed(generation);
  }
}

/** A pod that is not ready gets no traffic, and its sidecar, when it starts again, the newest configuration. */
function isServing(pod: KubeObject | undefined): boolean {
  return pod !== undefined && pod.metadata.deletionTimestamp === undefined && isPodReady(pod);
}

function isInjectedBy({ metadata: { annotations = {} } }: KubeObject, revision: string): boolean {
  return annotations[statusAnnotation] !== undefined && (annotations[revisionLabel] ?? 'default') === revision;
}

async function fetchObject(client: KubeClient, kind: string, namespace: string, name: string): Promise<KubeObject | undefined> {
  const resource = servedAs(await client.resources(), kind);
  if (resource instanceof KubeError) throw resource;
  return resource && client.get({ apiVersion: resource.apiVersion, kind: resource.kind, name, ...(namespace === '' ? {} : { namespace }) });
}
