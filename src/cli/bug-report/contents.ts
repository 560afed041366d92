import { dump } from 'js-yaml';
import type { Redactor } from '../../redact/redactor.ts';
import { Tally } from '../../redact/tally.ts';
import type { Archive } from './archive.ts';

/** What a file of the report has in it, before anything was taken out. */
export type Content = { text: string } | { json: unknown } | { yaml: readonly unknown[] };

/** A file to be: where, what, and where that is from. */
export interface Item {
  /** With slashes, below the folder of the report. */
  path: string;
  content: Content;
  /** `GET /stats of pod shop/cart-1`, `cluster east`. */
  source: string;
  /** What was taken out of it before. */
  redacted?: Tally;
}

/** A file that is in the archive. */
export interface Filed {
  path: string;
  bytes: number;
  source: string;
  redacted: Tally;
}

/** Something that is not in the archive, and why. */
export interface LeftOut {
  what: string;
  why: string;
}

/** The folder that everything is in. */
export const folder = 'bug-report';

/** All that goes into the archive goes through here: what is secret is taken out, and what was done is noted. */
export class Contents {
  readonly files: Filed[] = [];
  readonly leftOut: LeftOut[] = [];
  private readonly archive: Archive | undefined;
  private readonly redactor: Redactor;
  private readonly mostBytes: number;
  private readonly paths = new Set<string>();
  /** Of all files, before they are compressed. */
  bytes = 0;

  /**
   * @param archive undefined: nothing is written, and only paths are noted
   * @param mostBytes after which no more is taken
   */
  constructor(archive: Archive | undefined, redactor: Redactor, mostBytes: number) {
    this.archive = archive;
    this.redactor = redactor;
    this.mostBytes = mostBytes;
  }

  get isFull(): boolean {
    return this.bytes >= this.mostBytes;
  }

  get redacted(): Tally {
    const all = new Tally();
    for (const { redacted } of this.files) all.add(redacted);
    return all;
  }

  async add(item: Item): Promise<void> {
    await this.file(item, this.isFull);
  }

  /** What tells about the rest is there in any case. */
  async addLast(item: Item): Promise<void> {
    await this.file(item, false);
  }

  omit(what: string, why: string): void {
    this.leftOut.push({ what: this.redactor.text(what), why: this.redactor.text(why) });
  }

  private async file({ path, content, source, redacted: before }: Item, isFull: boolean): Promise<void> {
    if (isFull) {
      this.omit(path, `the archive has ${Math.round(this.bytes / 1048576)} MiB already; --max-size takes more`);
      return;
    }
    const redacted = new Tally();
    if (before) redacted.add(before);
    const text = this.clean(content, redacted);
    const safe = this.pathOf(path, redacted);
    if (this.redactor.left(text) > 0) {
      this.omit(safe, 'not everything secret in it could be taken out, which is a mistake in weft: please report it');
      return;
    }
    const bytes = Buffer.from(text);
    await this.archive?.add(`${folder}/${safe}`, bytes);
    this.bytes += bytes.length;
    this.files.push({ path: safe, bytes: bytes.length, source: this.redactor.text(source), redacted });
  }

  /** First as what it is, and then as text: every byte of the archive has gone through the second. */
  private clean(content: Content, redacted: Tally): string {
    if ('text' in content) return this.redactor.text(content.text, redacted);
    const text =
      'json' in content ? `${JSON.stringify(this.redactor.value(content.json, redacted), null, 1)}\n` : yamlOf(this.redactor.value(content.yaml, redacted));
    return this.redactor.text(text, redacted);
  }

  /** A path that every system can unpack, nothing of which leads elsewhere; each is there once. */
  private pathOf(path: string, redacted: Tally): string {
    const parts = this.redactor
      .text(path, redacted)
      .split('/')
      .map((part) => part.replace(/[^\w.@+=,-]+/g, '_').replace(/^\.+$/, '_'))
      .filter((part) => part !== '');
    const plain = parts.join('/').slice(-240);
    let unique = plain;
    for (let n = 2; this.paths.has(unique); n++) unique = plain.replace(/(\.[^./]+)?$/, `-${n}$1`);
    this.paths.add(unique);
    return unique;
  }
}

function yamlOf(documents: readonly unknown[]): string {
  return documents.map((document) => dump(document, { lineWidth: -1, noRefs: true })).join('---\n');
}
