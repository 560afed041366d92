import type { Pending } from '../guarded-request.ts';

/** A result that takes several things to wait for, one after the other. */
export class Waiting<T> {
  over = false;
  private readonly done: (result: T) => void;
  private current: Pending | undefined;

  constructor(done: (result: T) => void) {
    this.done = done;
  }

  /** What takes all of it back; undefined: it is over. */
  get pending(): Pending | undefined {
    return this.over ? undefined : { cancel: () => this.cancel() };
  }

  /** Waits for something that ends it, perhaps within the call. */
  on(start: (ended: (result: T) => void) => Pending | undefined): void {
    const pending = start((result) => this.end(result));
    if (!this.over) this.current = pending;
    // Nobody waits any more for what could not be taken back while it began.
    else pending?.cancel();
  }

  end(result: T): void {
    if (this.over) return;
    this.over = true;
    this.current = undefined;
    this.done(result);
  }

  private cancel(): void {
    if (this.over) return;
    this.over = true;
    this.current?.cancel();
    this.current = undefined;
  }
}
