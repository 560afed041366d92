import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files of one run of Envoy, for nobody else to read. They are replaced as a whole: Envoy sees the old text or the new one. */
export class RunFolder {
  /** The socket of the administration, where it has no port. */
  readonly adminSocket: string;
  /** Where Envoy gets certificates. */
  readonly secretSocket: string;
  private readonly folder: string;
  /** Envoy watches it, and is told of what is renamed into it. */
  private readonly watched: string;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'weft-envoy-'));
    this.adminSocket = join(this.folder, 'admin.sock');
    this.secretSocket = join(this.folder, 'secrets.sock');
    this.watched = join(this.folder, 'resources');
    mkdirSync(this.watched);
  }

  /** A file that is not watched. */
  private(name: string): string {
    return join(this.folder, name);
  }

  pathOf(name: string): string {
    return join(this.watched, name);
  }

  write(name: string, text: string): void {
    this.put(this.pathOf(name), text);
  }

  writePrivate(name: string, text: string): void {
    this.put(this.private(name), text);
  }

  remove(name: string): void {
    rmSync(this.pathOf(name), { force: true });
  }

  delete(): void {
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true, force: true });
  }

  private put(path: string, text: string): void {
    const unfinished = this.private('unfinished');
    writeFileSync(unfinished, text, { mode: 0o600 });
    renameSync(unfinished, path);
  }
}
