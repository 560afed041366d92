import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../src/envoy/json.ts';

let next = 0;

/** What the real Envoy has against a bootstrap; undefined: nothing. */
export async function refusal(program: string, bootstrap: JsonObject): Promise<string | undefined> {
  const file = join(tmpdir(), `weft-validate-${process.pid}-${next++}.json`);
  writeFileSync(file, JSON.stringify(bootstrap));
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(program, ['--mode', 'validate', '-c', file, '-l', 'error'], { stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk) => {
          output += chunk;
        });
      }
      child.on('error', reject);
      child.on('close', (code, signal) => resolve(code === 0 ? undefined : `ended with ${code ?? signal}: ${output.trim()}`));
    });
  } finally {
    rmSync(file);
  }
}
