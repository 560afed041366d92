import { isDeepStrictEqual } from 'node:util';
import type { Resource } from '../manifest/resource.ts';
import { type Change, Mesh } from '../model/mesh.ts';
import type { PipelineResult } from '../pipeline/pipeline.ts';
import { ResourceVersions } from './distribution/resource-versions.ts';
import { ResourceHistory } from './resource-history.ts';

/** The mesh that proxies get their tables from, over all versions of its files. */
export class ServedMesh {
  /** In which mesh each version of a resource is: `committed` is for whoever serves it. */
  readonly versions = new ResourceVersions();
  private readonly history = new ResourceHistory();
  /** How often files were taken. */
  private readings = 0;
  private served: Mesh | undefined;
  private written: Mesh | undefined;

  /** What tables are made of: the same resources as before for what did not change. */
  get mesh(): Mesh {
    return this.served ?? none();
  }

  /** The same as it is written, which tells files and lines. */
  get source(): Mesh {
    return this.written ?? none();
  }

  get size(): number {
    return this.history.size;
  }

  /** Number of the reading that has changed a resource last, by `Kind namespace/name`. */
  versionOf(identity: string): string {
    return String(this.versions.lastOf(identity) ?? 1);
  }

  /** @returns how many resources have changed, the mesh configuration among them; 0: the mesh is the one that it was */
  take({ mesh, resources }: Pick<PipelineResult, 'mesh' | 'resources'>): number {
    const changes = this.history.take(resources);
    this.readings++;
    if (this.served) this.note(changes);
    this.written = mesh;
    if (!this.served || !isDeepStrictEqual(this.served.options.meshNetworksResource?.raw, mesh.options.meshNetworksResource?.raw)) {
      this.served = new Mesh(this.history.resources, mesh.options);
      return Math.max(changes.length, 1);
    }
    const { meshConfig, meshConfigResource } = mesh.options;
    const isConfigured = isDeepStrictEqual(this.served.options.meshConfig, meshConfig);
    if (changes.length === 0 && isConfigured) return 0;
    this.served = this.served.with(changes, isConfigured ? undefined : { meshConfig, ...(meshConfigResource ? { meshConfigResource } : {}) });
    return Math.max(changes.length, 1);
  }

  private note(changes: readonly Change[]): void {
    for (const { before, after } of changes) {
      const { kindName, namespace, name } = (after ?? before) as Resource;
      this.versions.changed(`${kindName} ${namespace}/${name}`, after && String(this.readings));
    }
  }
}

function none(): never {
  throw new Error('no mesh was taken yet');
}
