// What patching one resource shares: the patches of its traffic, and what is said about them.
import type { EnvoyPatch, PatchTarget } from '../../ir/envoy-patch.ts';
import type { JsonObject } from '../json.ts';
import { isInContext, type ResourceContext } from './match.ts';
import { type Merging, mergeExtension, mergeMessage } from './merge.ts';
import { messages, type PreparedPatch, type PreparedPatches } from './prepare.ts';
import { type PatchProblem, problemAt } from './problem.ts';

/** What patching did, beside its result. */
export interface PatchLog {
  problems: PatchProblem[];
  /** Patches that were for something. */
  used: Set<EnvoyPatch>;
}

export class Application {
  /** Undefined: patches of every context are for it. */
  readonly context: ResourceContext | undefined;
  readonly log: PatchLog = { problems: [], used: new Set() };
  private readonly prepared: PreparedPatches;

  constructor(prepared: PreparedPatches, context: ResourceContext | undefined) {
    this.prepared = prepared;
    this.context = context;
  }

  /** Patches of the traffic, in their order. */
  patches(target: PatchTarget): readonly PreparedPatch[] {
    const { context } = this;
    const all = this.prepared.byTarget.get(target) ?? [];
    return context === undefined ? all : all.filter(({ patch }) => isInContext(patch, context));
  }

  has(...targets: readonly PatchTarget[]): boolean {
    return targets.some((target) => this.patches(target).length > 0);
  }

  use({ patch }: PreparedPatch): void {
    this.log.used.add(patch);
  }

  problem({ patch }: PreparedPatch, reason: PatchProblem['reason'], message: string, path?: readonly string[]): void {
    this.log.problems.push(problemAt(patch, reason, message, path));
  }

  /** Merges a value, or another part of it than the whole, into what is there. */
  merge(prepared: PreparedPatch, into: JsonObject, value = prepared.value): JsonObject {
    this.use(prepared);
    return mergeMessage(messages[prepared.patch.applyTo], into, value, this.merging(prepared));
  }

  /** Merges an extension into one of the same name. @param path of the extension in the value */
  mergeExtension(prepared: PreparedPatch, type: string, into: JsonObject, value: JsonObject, path: readonly string[] = []): JsonObject {
    this.use(prepared);
    return mergeExtension(type, into, value, this.merging(prepared), path);
  }

  private merging(prepared: PreparedPatch): Merging {
    return {
      kept: (path, there) =>
        this.problem(prepared, 'default-value', `${path.at(-1)} stays ${JSON.stringify(there)}: merging cannot set a field to its default value`, path),
      mismatch: (path, there, given) => this.problem(prepared, 'type-mismatch', `a configuration of type ${given} cannot be merged into ${there}`, path),
    };
  }
}
