/** Says what is wrong once, and again when it was repaired in between. */
export class WarnOnce {
  private readonly write: (text: string) => void;
  private before: ReadonlySet<string> = new Set();
  private now = new Set<string>();

  constructor(write: (text: string) => void) {
    this.write = write;
  }

  say(lines: Iterable<string>): void {
    for (const line of lines) {
      if (this.now.has(line)) continue;
      this.now.add(line);
      if (!this.before.has(line)) this.write(line);
    }
  }

  /** Another version of the configuration begins. */
  next(): void {
    this.before = this.now;
    this.now = new Set();
  }
}
