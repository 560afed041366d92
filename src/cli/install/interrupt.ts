/** SIGINT and SIGTERM: the first one ends what is done politely, between two requests; the second one at once. */
export class Interrupt {
  private readonly controller = new AbortController();
  private readonly names = ['SIGINT', 'SIGTERM'] as const;
  /** The name of the signal that came. */
  reason: string | undefined;

  constructor() {
    for (const name of this.names) process.once(name, this.take);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  private readonly take = (name: string): void => {
    this.reason = name;
    this.end();
    this.controller.abort();
  };

  /** Signals end the process again. */
  end(): void {
    for (const name of this.names) process.removeListener(name, this.take);
  }
}
