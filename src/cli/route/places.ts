// Where a value is from, as a person finds it.
import { placeOf } from '../../analysis/report/report.ts';
import type { Source } from '../../ir/provenance.ts';
import type { Origin } from '../../ir/table.ts';
import { formatPath } from '../../manifest/problem.ts';
import type { Mesh } from '../../model/mesh.ts';

/** Finds places of one mesh. */
export class Places {
  private readonly mesh: Mesh;

  constructor(mesh: Mesh) {
    this.mesh = mesh;
  }

  /** `mesh/cart.yaml:12`; of what is in no file `VirtualService shop/cart spec.http[0]`. */
  of(origin: Origin): string {
    const place = writtenPlace(origin, this.mesh);
    if (place) return `${place.file}:${place.line}`;
    const object = this.objectOf(origin);
    return origin.path.length > 0 ? `${object} ${formatPath(origin.path)}` : object;
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
    const place = writtenPlace(data, this.mesh);
    return place ? { ...out, file: place.file, line: place.line } : out;
  }
}

/** The file and line of something of a table; undefined where it is in no file. */
export function writtenPlace(origin: Origin, mesh: Mesh): ReturnType<typeof placeOf> {
  const resource = mesh.object(origin);
  return resource && placeOf(resource, origin.path.length > 0 ? origin.path : ['metadata', 'name']);
}

function isOrigin(data: object): data is Origin {
  const { kind, namespace, name, path } = data as Partial<Origin>;
  return typeof kind === 'string' && typeof namespace === 'string' && typeof name === 'string' && Array.isArray(path);
}
