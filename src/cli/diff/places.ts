import type { Origin } from '../../ir/table.ts';
import { formatPath } from '../../manifest/problem.ts';
import type { Mesh } from '../../model/mesh.ts';
import { writtenPlace } from '../route/places.ts';

/** Where something of a table is written. */
export interface WrittenAt {
  /** `VirtualService shop/cart` */
  object: string;
  /** `spec.http[0].timeout`; absent for the whole object. */
  field?: string;
  /** Absent where the object is from a cluster. */
  file?: string;
  line?: number;
}

export function writtenAt(origin: Origin, mesh: Mesh): WrittenAt {
  const { kind, namespace, name, path } = origin;
  const place = writtenPlace(origin, mesh);
  return {
    object: mesh.object(origin)?.friendlyName ?? `${kind} ${namespace}/${name}`,
    ...(path.length > 0 ? { field: formatPath(path) } : {}),
    ...(place ? { file: place.file, line: place.line } : {}),
  };
}
