import type { MeshSettings } from '../../ir/table.ts';
import { accessLogLine } from '../../proxy/telemetry/access-log.ts';
import type { LogOutput } from '../../proxy/telemetry/log-buffer.ts';
import { LogFile } from '../../proxy/telemetry/log-file.ts';
import { CliError } from '../exit.ts';

/** The file of the access log, which may be another one with another version of the mesh configuration. */
export class AccessLogFile implements LogOutput {
  private path = '';
  private file: LogFile | undefined;
  private dropped = 0;

  /**
   * Takes the settings of a table before the table is taken.
   *
   * @returns what is wrong with the format
   * @throws CliError where the file cannot be opened; the one before goes on
   */
  use(settings: MeshSettings): string | undefined {
    const { accessLogFile: path } = settings;
    if (path === '') return undefined;
    if (path !== this.path) {
      const file = openLog(path);
      void this.finish();
      this.file = file;
      this.path = path;
    }
    return accessLogLine(settings).problem;
  }

  write(lines: string): void {
    this.file?.write(lines);
  }

  /** @throws the system's error; the old file goes on then */
  reopen(): void {
    this.file?.reopen();
  }

  /** Lines that were not written because a file did not take them. */
  get droppedLines(): number {
    return this.dropped + (this.file?.droppedLines ?? 0);
  }

  async close(): Promise<void> {
    await this.finish();
  }

  private async finish(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    this.path = '';
    await file?.close();
    this.dropped += file?.droppedLines ?? 0;
  }
}

function openLog(path: string): LogFile {
  try {
    return new LogFile(path);
  } catch (error) {
    throw new CliError(`cannot write the access log ${path}: ${(error as Error).message}`);
  }
}
