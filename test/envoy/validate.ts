import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { envoyVersion } from '../../scripts/envoy-program.ts';
import { Validator } from '../../src/cli/envoy/validate.ts';
import type { JsonObject } from '../../src/envoy/json.ts';

/** What the real Envoy has against a bootstrap; undefined: nothing. */
export async function refusal(program: string, bootstrap: JsonObject): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-validate-'));
  try {
    return await new Validator({ path: program, version: envoyVersion }, join(folder, 'envoy.json')).refusal(bootstrap);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
