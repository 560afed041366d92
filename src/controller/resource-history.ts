import { isDeepStrictEqual } from 'node:util';
import { Resource } from '../manifest/resource.ts';
import type { Change } from '../model/mesh.ts';

interface Known {
  /** As it was read last, with its text. */
  read: Resource;
  /** The object that stands for it since it last said something else. It has no text: that would keep each file that it was ever in. */
  kept: Resource;
}

/**
 * The resources of a mesh over many readings of its files. Whoever edits a file of a hundred resources changes one of them: the
 * others stay the same objects, so that what is made of them can stay, too.
 */
export class ResourceHistory {
  private known = new Map<string, Known>();

  /** In the order in which they first were read. */
  get resources(): Resource[] {
    return Array.from(this.known.values(), ({ kept }) => kept);
  }

  get size(): number {
    return this.known.size;
  }

  /**
   * What another reading changes. Where a resource is written, and comments, are no change.
   *
   * @param read one of each name
   */
  take(read: Iterable<Resource>): Change[] {
    const changes: Change[] = [];
    const gone = new Map(this.known);
    for (const resource of read) {
      const identity = `${resource.kindName} ${resource.namespace}/${resource.name}`;
      gone.delete(identity);
      const known = this.known.get(identity);
      if (known && saysTheSame(known.read, resource)) {
        known.read = resource;
        continue;
      }
      const kept = new Resource(resource.raw, resource.kindName, resource.namespace, undefined);
      changes.push(known ? { before: known.kept, after: kept } : { after: kept });
      this.known.set(identity, { read: resource, kept });
    }
    for (const [identity, { kept }] of gone) {
      this.known.delete(identity);
      changes.push({ before: kept });
    }
    return changes;
  }
}

function saysTheSame(a: Resource, b: Resource): boolean {
  if (a === b) return true;
  const [before, after] = [textOf(a), textOf(b)];
  return (before !== undefined && before === after) || isDeepStrictEqual(a.raw, b.raw);
}

/** Undefined for one that is a part of its document only. */
function textOf({ document, within }: Resource): string | undefined {
  return document && within.length === 0 ? document.source.text.slice(document.start, document.end) : undefined;
}
