import { createWriteStream, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { createGzip } from 'node:zlib';
import { createTarPacker } from 'modern-tar';
import { CliError } from '../exit.ts';

/** What is in an archive belongs to nobody, and everybody may read it. The archive itself is for its owner. */
const modes = { file: 0o644, directory: 0o755, archive: 0o600 };

/**
 * A `.tar.gz` that is written piece by piece, and is there as a whole or not at all. The same content gives the same bytes.
 */
export class Archive {
  readonly path: string;
  /** Before it is compressed. */
  bytes = 0;
  private readonly temporary: string;
  private readonly packer = createTarPacker();
  private readonly written: Promise<void>;
  private readonly folders = new Set<string>();
  private readonly time: Date;
  private failure: { error: unknown } | undefined;

  private constructor(path: string, temporary: string, descriptor: number, time: Date) {
    this.path = path;
    this.temporary = temporary;
    this.time = time;
    const file = createWriteStream(temporary, { fd: descriptor });
    this.written = pipeline(Readable.fromWeb(this.packer.readable as ReadableStream), createGzip(), file);
    // Whoever adds or finishes hears of it.
    this.written.catch((error: unknown) => {
      this.failure = { error };
    });
  }

  /** @throws CliError where nothing can be written there */
  static create(directory: string, name: string, time: Date): Archive {
    const path = join(directory, name);
    const temporary = join(directory, `.${name}.${process.pid}.tmp`);
    try {
      mkdirSync(directory, { recursive: true });
      return new Archive(path, temporary, openSync(temporary, 'w', modes.archive), time);
    } catch (error) {
      throw cannotWrite(path, error);
    }
  }

  /** @param path with slashes, without anything before it */
  async add(path: string, content: Buffer): Promise<void> {
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) await this.addFolder(path.slice(0, at + 1));
    await this.write({ name: path, size: content.length, type: 'file', mode: modes.file }, content);
    this.bytes += content.length;
  }

  /** @throws CliError where it could not be written */
  async finish(): Promise<void> {
    this.packer.controller.finalize();
    try {
      await this.written;
      renameSync(this.temporary, this.path);
    } catch (error) {
      await this.discard();
      throw cannotWrite(this.path, error);
    }
  }

  /** Nothing of it stays. */
  async discard(): Promise<void> {
    this.packer.controller.error(new Error('discarded'));
    await this.written.catch(() => {});
    rmSync(this.temporary, { force: true });
  }

  private async addFolder(name: string): Promise<void> {
    if (this.folders.has(name)) return;
    this.folders.add(name);
    await this.write({ name, size: 0, type: 'directory', mode: modes.directory });
  }

  private async write(header: { name: string; size: number; type: 'file' | 'directory'; mode: number }, content?: Buffer): Promise<void> {
    this.check();
    const entry = this.packer.controller.add({ ...header, mtime: this.time, uid: 0, gid: 0, uname: '', gname: '' });
    const writer = entry.getWriter();
    const work = async (): Promise<void> => {
      if (content && content.length > 0) await writer.write(new Uint8Array(content.buffer, content.byteOffset, content.length));
      await writer.close();
    };
    // A disk that is full ends the reading side, and nobody takes what is written.
    const failed = this.written.then(() => new Promise<never>(() => {}));
    try {
      await Promise.race([work(), failed]);
    } catch (error) {
      this.check();
      throw cannotWrite(this.path, error);
    }
  }

  private check(): void {
    if (this.failure) throw cannotWrite(this.path, this.failure.error);
  }
}

function cannotWrite(path: string, error: unknown): CliError {
  return new CliError(`cannot write ${path}: ${(error as Error).message}`, undefined, '--output-dir names another directory.');
}
