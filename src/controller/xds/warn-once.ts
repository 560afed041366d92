/** Says what is wrong once, and again when it was repaired in between. */
export class WarnOnce {
  private readonly write: (text: string) => void;
  private before: ReadonlySet<string> = new Set();
  private now = new Set<string>();
  /** Lines by the list that they are of. */
  private listsBefore: ReadonlyMap<object, readonly string[]> = new Map();
  private lists = new Map<object, readonly string[]>();
  private allBefore: ReadonlySet<string> | undefined;

  constructor(write: (text: string) => void) {
    this.write = write;
  }

  say(lines: Iterable<string>): void {
    for (const line of lines) {
      if (this.now.has(line)) continue;
      this.now.add(line);
      if (!this.wasSaid(line)) this.write(line);
    }
  }

  /** As `say`. Of a list that was there already nothing is new: its lines are not made again, however many they are. */
  sayOf(list: object, linesOf: () => Iterable<string>): void {
    if (this.lists.has(list)) return;
    const known = this.listsBefore.get(list);
    const lines = known ?? [...linesOf()];
    this.lists.set(list, lines);
    if (!known) this.say(lines);
  }

  /** Another version of the configuration begins. */
  next(): void {
    this.before = this.now;
    this.listsBefore = this.lists;
    this.now = new Set();
    this.lists = new Map();
    this.allBefore = undefined;
  }

  private wasSaid(line: string): boolean {
    if (this.before.has(line)) return true;
    this.allBefore ??= new Set([...this.listsBefore.values()].flat());
    return this.allBefore.has(line);
  }
}
