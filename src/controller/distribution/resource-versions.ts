interface Version {
  /** The first resource version that says this; undefined: the resource was removed, or has no number. */
  since: bigint | undefined;
  /** Of the first mesh that has it; undefined: none yet. */
  generation: number | undefined;
}

export interface ResourceVersionLimits {
  /** Resources that are remembered, of those that have changed last. Default: 10,000. */
  resources?: number;
  /** Versions of one resource. Default: 8. */
  versions?: number;
}

/**
 * In which mesh each version of a resource was served first. Memory has a bound: what is forgotten counts as no older than the last that
 * was forgotten, so that an answer may come late, and is never wrong.
 */
export class ResourceVersions {
  private readonly limits: Required<ResourceVersionLimits>;
  /** Those that have changed last are last. */
  private readonly known = new Map<string, Version[]>();
  private readonly pending = new Set<string>();
  /** Of what is not known: it has not changed since. */
  private floor = 0;

  constructor({ resources = 10_000, versions = 8 }: ResourceVersionLimits = {}) {
    this.limits = { resources, versions };
  }

  /** How many resources are remembered. */
  get size(): number {
    return this.known.size;
  }

  /**
   * It came or changed; the next mesh has it.
   *
   * @param resourceVersion undefined: it was removed
   */
  changed(identity: string, resourceVersion: string | undefined): void {
    const versions = this.known.get(identity) ?? [];
    // What changes several times before the next mesh is in no other one.
    if (!this.pending.has(identity)) versions.push({ since: numberOf(resourceVersion), generation: undefined });
    this.pending.add(identity);
    this.known.delete(identity);
    this.known.set(identity, versions);
  }

  /** What has changed is in the mesh of this generation. It may be the one that was before, where nothing has changed in effect. */
  committed(generation: number): void {
    for (const identity of this.pending) this.settle(identity, generation);
    this.pending.clear();
    for (const [identity, versions] of this.known) {
      if (this.known.size <= this.limits.resources) return;
      this.known.delete(identity);
      this.floor = Math.max(this.floor, versions.at(-1)?.generation ?? 0);
    }
  }

  /**
   * Of the first mesh that has this version of a resource, or a later one.
   *
   * @param resourceVersion undefined: the last one, which may be its removal
   * @returns undefined: it is not in a mesh yet
   */
  generationOf(identity: string, resourceVersion?: string): number | undefined {
    const versions = this.known.get(identity);
    if (!versions) return this.floor;
    const wanted = numberOf(resourceVersion);
    const covering = wanted === undefined ? versions.at(-1) : versions.findLast(({ since }) => since !== undefined && since <= wanted);
    return (covering ?? versions[0])?.generation;
  }

  /** The last version of a resource that came here; undefined: it was removed, or nothing is remembered of it. */
  lastOf(identity: string): bigint | undefined {
    return this.known.get(identity)?.at(-1)?.since;
  }

  private settle(identity: string, generation: number): void {
    const versions = this.known.get(identity) ?? [];
    const [last, before] = [versions.at(-1), versions.at(-2)];
    if (!last) return;
    last.generation = generation;
    if (before?.generation === generation && (before.since === undefined) === (last.since === undefined)) versions.pop();
    if (versions.length > this.limits.versions) versions.shift();
  }
}

/** Versions of one kind in one cluster are whole numbers that grow. */
export function numberOf(resourceVersion: string | undefined): bigint | undefined {
  return resourceVersion !== undefined && /^\d{1,40}$/.test(resourceVersion) ? BigInt(resourceVersion) : undefined;
}

/** Whether a version is the other one, or came after it. */
export function isAtLeast(resourceVersion: string | undefined, other: string): boolean {
  const [own, wanted] = [numberOf(resourceVersion), numberOf(other)];
  return own !== undefined && wanted !== undefined ? own >= wanted : resourceVersion === other;
}
