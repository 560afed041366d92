import type { EnvoyPatch } from '../../ir/envoy-patch.ts';
import type { Status } from '../../ir/table.ts';

/** What a patch asks for and does not get; the rest of the configuration is there all the same. The origin is a place of the EnvoyFilter. */
export interface PatchProblem extends Status {
  reason: 'unknown-field' | 'unknown-type' | 'invalid-value' | 'type-mismatch' | 'default-value' | 'duplicate-name' | 'no-effect';
}

/** @param path within the value; empty: the whole patch */
export function problemAt({ origin }: EnvoyPatch, reason: PatchProblem['reason'], message: string, path: readonly (string | number)[] = []): PatchProblem {
  return { origin: path.length > 0 ? { ...origin, path: [...origin.path, 'patch', 'value', ...path] } : origin, reason, message };
}
