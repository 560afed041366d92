import { isDeepStrictEqual } from 'node:util';
import { Mesh } from '../model/mesh.ts';
import type { PipelineResult } from '../pipeline/pipeline.ts';
import { ResourceHistory } from './resource-history.ts';

/** The mesh that proxies get their tables from, over all versions of its files. */
export class ServedMesh {
  private readonly history = new ResourceHistory();
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

  /** @returns how many resources have changed, the mesh configuration among them; 0: the mesh is the one that it was */
  take({ mesh, resources }: Pick<PipelineResult, 'mesh' | 'resources'>): number {
    const changes = this.history.take(resources);
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
}

function none(): never {
  throw new Error('no mesh was taken yet');
}
