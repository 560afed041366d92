/**
 * Bytes that wait in all streams together to be taken by the network. A response is made only when there is room for it, so that many
 * proxies that connect at once do not each have their whole configuration in memory.
 */
export class WriteBudget {
  readonly #limit: number;
  #used = 0;
  /** In the order in which they came. */
  readonly #waiting = new Set<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether a response may be made; if not, `retry` is called when there is room. */
  hasRoom(retry: () => void): boolean {
    if (this.#used < this.#limit) return true;
    this.#waiting.add(retry);
    return false;
  }

  take(bytes: number): void {
    this.#used += bytes;
  }

  release(bytes: number): void {
    this.#used -= bytes;
    for (const retry of this.#waiting) {
      if (this.#used >= this.#limit) return;
      this.#waiting.delete(retry);
      retry();
    }
  }

  forget(retry: () => void): void {
    this.#waiting.delete(retry);
  }
}
