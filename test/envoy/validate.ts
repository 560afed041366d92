import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../src/envoy/json.ts';

let next = 0;

/** What the real Envoy has against a bootstrap; undefined: nothing. */
export async function refusal(program: string, bootstrap: JsonObject): Promise<string | undefined> {
  const file = join(tmpdir(), `weft-validate-${process.pid}-${next++}.json`);
  const said = `${file}.txt`;
  writeFileSync(file, JSON.stringify(bootstrap));
  // A file: Envoy opens /dev/stdout for access logs, and cannot where that is a socket.
  const output = openSync(said, 'w');
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(program, ['--mode', 'validate', '-c', file, '-l', 'error'], { stdio: ['ignore', output, output] });
      child.on('error', reject);
      child.on('close', (code, signal) => resolve(code === 0 ? undefined : `ended with ${code ?? signal}: ${readFileSync(said, 'utf8').trim()}`));
    });
  } finally {
    closeSync(output);
    rmSync(file);
    rmSync(said);
  }
}
