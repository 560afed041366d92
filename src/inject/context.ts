import type { MeshSettings } from './settings.ts';

/** What made a pod: `apps/v1`, `Deployment`, `web`; a pod that nobody made is its own owner. */
export interface PodOwner {
  apiVersion: string;
  kind: string;
  name: string;
}

/** What injection has to know besides the pod. */
export interface InjectionContext {
  /** Of the pod. */
  namespace: string;
  owner: PodOwner;
  mesh?: MeshSettings;
  /** Of all kubelets, such as `v1.33.2`; absent: not known. */
  nodeVersions?: readonly string[];
}
