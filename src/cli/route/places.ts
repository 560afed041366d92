// Where a value is from, as a person finds it.
import { placeOf } from '../../analysis/report/report.ts';
import type { Source } from '../../ir/provenance.ts';
import type { Origin } from '../../ir/table.ts';
import { formatPath } from '../../manifest/problem.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';

/** Finds places of one mesh. */
export class Places {
  private readonly mesh: Mesh;

  constructor(mesh: Mesh) {
    this.mesh = mesh;
  }

  /** `mesh/cart.yaml:12`; of what is in no file `VirtualService shop/cart spec.http[0]`. */
  of({ kind, namespace, name, path }: Origin): string {
    const resource = this.resourceOf({ kind, namespace, name, path });
    const place = resource && placeOf(resource, path.length > 0 ? path : ['metadata', 'name']);
    if (place) return `${place.file}:${place.line}`;
    const object = `${kind.replace(/^.*\//, '')} ${namespace === '' ? '' : `${namespace}/`}${name}`;
    return path.length > 0 ? `${object} ${formatPath(path)}` : object;
  }

  /** `VirtualService shop/cart` */
  objectOf({ kind, namespace, name }: Origin): string {
    return `${kind.replace(/^.*\//, '')} ${namespace === '' ? '' : `${namespace}/`}${name}`;
  }

  ofSource(source: Source): string {
    switch (source.kind) {
      case 'written':
        return this.of(source.origin);
      case 'mesh':
        return `mesh configuration, ${source.field}`;
      case 'default':
        return 'default';
    }
  }

  /** The data with the file and line of every place in it, where it is in a file. */
  locate(data: unknown): unknown {
    if (Array.isArray(data)) return data.map((item) => this.locate(item));
    if (typeof data !== 'object' || data === null) return data;
    const out: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(data)) out[key] = this.locate(value);
    if (!isOrigin(data)) return out;
    const resource = this.resourceOf(data);
    const place = resource && placeOf(resource, data.path.length > 0 ? data.path : ['metadata', 'name']);
    return place ? { ...out, file: place.file, line: place.line } : out;
  }

  private resourceOf({ kind, namespace, name }: Origin): Resource | undefined {
    return this.mesh.find(kind as Parameters<Mesh['find']>[0], namespace, name) as Resource | undefined;
  }
}

function isOrigin(data: object): data is Origin {
  const { kind, namespace, name, path } = data as Partial<Origin>;
  return typeof kind === 'string' && typeof namespace === 'string' && typeof name === 'string' && Array.isArray(path);
}
