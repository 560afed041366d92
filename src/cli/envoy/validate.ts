import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import type { JsonObject } from '../../envoy/json.ts';
import type { EnvoyProgram } from './find.ts';

/** Says whether an Envoy would take a bootstrap. */
export class Validator {
  private readonly envoy: EnvoyProgram;
  private readonly file: string;

  /** @param file that is written for each bootstrap */
  constructor(envoy: EnvoyProgram, file: string) {
    this.envoy = envoy;
    this.file = file;
  }

  /** Why Envoy refuses it; undefined: it does not. */
  async refusal(bootstrap: JsonObject): Promise<string | undefined> {
    writeFileSync(this.file, JSON.stringify(bootstrap), { mode: 0o600 });
    const args = ['--mode', 'validate', '-c', this.file, '-l', 'critical', '--skip-deprecated-logs'];
    // A file can be opened as /dev/stdout, as an access log may ask for.
    const output = `${this.file}.out`;
    const descriptor = openSync(output, 'w', 0o600);
    const child = spawn(this.envoy.path, args, { stdio: ['ignore', descriptor, descriptor] });
    const code = await new Promise<number | string | null>((resolve) => {
      child.on('error', (error) => resolve(error.message)).on('close', (exit, signal) => resolve(exit ?? signal));
    });
    closeSync(descriptor);
    const said = readFileSync(output, 'utf8');
    return code === 0 ? undefined : reasonOf(said, this.file) || `it ends with ${code}`;
  }
}

/** What Envoy says, without where it says it and without the name of a file that nobody else knows. */
export function reasonOf(said: string, file: string): string {
  const lines = said
    .replaceAll(file, '')
    .split('\n')
    .map((line) => line.replace(/^\[[^\]]+\](?:\[[^\]]+\])* (?:\[[^\]]+\] )?/, '').replace(/^error initializing (?:configuration|config) '[^']*': ?/, ''))
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return [...new Set(lines)].join(' ');
}
