import { placeOf } from '../../analysis/report/report.ts';
import type { Origin } from '../../ir/table.ts';
import { formatPath } from '../../manifest/problem.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';

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
  const resource = mesh.find(kind as Parameters<Mesh['find']>[0], namespace, name) as Resource | undefined;
  const place = resource && placeOf(resource, path.length > 0 ? path : ['metadata', 'name']);
  return {
    object: resource?.friendlyName ?? `${kind} ${namespace}/${name}`,
    ...(path.length > 0 ? { field: formatPath(path) } : {}),
    ...(place ? { file: place.file, line: place.line } : {}),
  };
}
