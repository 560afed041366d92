/** What takes whole lines: a file, or the thread that owns the file. Text is binary: one character a byte. */
export interface LogOutput {
  write(lines: string): void;
}

/** Collects lines so that not each costs a system call: they go on at 64 KiB, and each second. */
export class LogBuffer implements LogOutput {
  private pending = '';
  private readonly output: LogOutput;
  private readonly size: number;
  private readonly timer: NodeJS.Timeout;

  /** @param size characters at which lines go on */
  constructor(output: LogOutput, size = 64 * 1024, intervalMs = 1000) {
    this.output = output;
    this.size = size;
    this.timer = setInterval(() => this.flush(), intervalMs);
    // A log alone keeps no process alive.
    this.timer.unref();
  }

  /** @param line with its newline */
  write(line: string): void {
    this.pending += line;
    if (this.pending.length >= this.size) this.flush();
  }

  flush(): void {
    if (this.pending === '') return;
    const lines = this.pending;
    this.pending = '';
    this.output.write(lines);
  }

  /** Passes on what is left; before the end of the thread. */
  close(): void {
    clearInterval(this.timer);
    this.flush();
  }
}
