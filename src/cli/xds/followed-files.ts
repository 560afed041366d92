import type { ReportItem } from '../../analysis/report/report.ts';
import { oneLine } from '../../analysis/report/terminal-text.ts';
import type { ServedMesh } from '../../controller/served-mesh.ts';
import type { ReadFiles } from '../../manifest/files.ts';
import type { ProxyLog } from '../../proxy/telemetry/log.ts';
import { printBroken } from '../proxy/broken.ts';
import type { MeshReader, ReadMesh } from '../proxy/mesh-reader.ts';
import { watchFiles } from '../proxy/watch-files.ts';

export interface FollowedFilesParts {
  reader: MeshReader;
  served: ServedMesh;
  /** The mesh is another one. */
  changed(): void;
  log: ProxyLog;
}

/** The files of a mesh that is served: each version that is not broken is taken, in the order in which they were read. */
export class FollowedFiles {
  private readonly parts: FollowedFilesParts;
  private reading: Promise<unknown> = Promise.resolve();

  constructor(parts: FollowedFilesParts) {
    this.parts = parts;
  }

  /** @param input what was read before. @returns ends it */
  follow(input: ReadFiles): () => void {
    const { reader, log } = this.parts;
    return watchFiles(
      reader.files,
      input,
      async () => {
        const next = await this.read();
        if (next.broken.length === 0) return next.input;
        log.error('the new manifests are refused, and the ones before go on', { findings: next.broken.length });
        await printBroken(next.broken, 'the manifests before go on');
        return next.input;
      },
      (error) => log.error(`the new manifests are refused, and the ones before go on: ${error.message}`),
    );
  }

  /** Takes what the files say now, for somebody who asks. @returns why it is refused, a sentence each; empty: it is in force */
  async look(): Promise<string[]> {
    try {
      return (await this.read()).broken.map(brokenText);
    } catch (error) {
      return [(error as Error).message];
    }
  }

  /** One after the other: what was read first must not be taken last. */
  private read(): Promise<ReadMesh> {
    const next = this.reading.then(() => this.take());
    this.reading = next.catch(() => {});
    return next;
  }

  private async take(): Promise<ReadMesh> {
    const { reader, served, changed, log } = this.parts;
    const next = await reader.read();
    if (next.broken.length > 0) return next;
    const count = served.take(next);
    if (count > 0) {
      changed();
      log.info('new manifests are in force', { changed: count, resources: served.size });
    } else log.debug('the manifests say what they said before');
    return next;
  }
}

function brokenText({ file, place, origin, text }: ReportItem): string {
  const at = file === undefined ? origin : `${file}${place ? `:${place.line}` : ''}`;
  return `${at === '' ? '' : `${at}: `}${oneLine(text)}`;
}
