import { hash } from 'node:crypto';
import type { ResourceSet, XdsResource } from './view.ts';

/** What a resource is made of: the object decides, so that one that is the same is not encoded again. */
export interface Source {
  name: string;
  /** Unchanged object, unchanged resource. */
  of: object;
  encode(): Uint8Array;
  /** Names that it refers to; absent: none. */
  refers?(): readonly string[];
  /** Names of the Secrets that it refers to; absent: none. */
  secrets?(): readonly string[];
}

/**
 * Encoded resources of one type. Each object is encoded once, for all proxies that get it; an object whose encoding is that of the
 * last object of its name gives the same resource, and a set without a change the same set.
 */
export class ResourceSets {
  /** Almost always one: an object may be a resource under several names. */
  private readonly resources = new WeakMap<object, XdsResource[]>();

  /** @param previous what the same proxies had before */
  set(sources: Iterable<Source>, previous: ResourceSet | undefined): ResourceSet {
    const made = new Map<string, XdsResource>();
    let same = previous !== undefined;
    for (const source of sources) {
      const before = previous?.get(source.name);
      const resource = this.resource(source, before);
      if (resource !== before) same = false;
      made.set(source.name, resource);
    }
    return same && previous?.size === made.size ? previous : made;
  }

  private resource({ name, of, encode, refers, secrets }: Source, before: XdsResource | undefined): XdsResource {
    const known = this.resources.get(of);
    const found = known?.find((one) => one.name === name);
    if (found) return found;
    const bytes = encode();
    const version = versionOf(bytes);
    const resource =
      before?.version === version ? before : { name, version, bytes, ...unlessEmpty('refers', refers?.()), ...unlessEmpty('secrets', secrets?.()) };
    if (known) known.push(resource);
    else this.resources.set(of, [resource]);
    return resource;
  }
}

/** There are many resources: what refers to nothing has no field for it. */
function unlessEmpty<K extends string>(field: K, names: readonly string[] = []): Partial<Record<K, readonly string[]>> {
  return names.length > 0 ? ({ [field]: names } as Record<K, readonly string[]>) : {};
}

/** Of the content alone, so that two servers agree. */
export function versionOf(bytes: Uint8Array): string {
  return hash('sha1', bytes, 'base64url').slice(0, 16);
}
