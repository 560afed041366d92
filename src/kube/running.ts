import { KubeError } from './error.ts';
import type { Purpose } from './status.ts';

/** What is destroyed to end a request: itself, and its answer once there is one. */
interface Destroyable {
  destroy(error?: Error): unknown;
}

/** One request on its way: fails as a whole when its time is over, its signal aborts, or the client is closed. */
export class Running {
  readonly #purpose: Purpose;
  readonly #signal: AbortSignal | undefined;
  readonly #all: Set<Running>;
  #timer: NodeJS.Timeout | undefined;
  #sent: Destroyable | undefined;
  #reject: ((error: Error) => void) | undefined;
  #error: KubeError | undefined;

  /** @param all has this one until it ends */
  constructor(purpose: Purpose, signal: AbortSignal | undefined, all: Set<Running>) {
    this.#purpose = purpose;
    this.#signal = signal;
    this.#all = all;
    all.add(this);
    signal?.addEventListener('abort', this.#aborted);
    if (signal?.aborted) this.#aborted();
  }

  /** Why it was ended from this side. */
  get error(): KubeError | undefined {
    return this.#error;
  }

  readonly #aborted = (): void => this.fail(new KubeError(`cannot ${this.#purpose}: it was given up`, { reason: 'Aborted' }));

  fail(error: KubeError): void {
    this.#error ??= error;
    this.#reject?.(this.#error);
    this.#sent?.destroy(this.#error);
  }

  /** Waits for what comes before the request: its credentials, an agent. */
  async before<T>(promise: Promise<T>): Promise<T> {
    if (this.#error) throw this.#error;
    const failed = new Promise<never>((_, reject) => {
      this.#reject = reject;
    });
    return Promise.race([promise, failed]);
  }

  sent(request: Destroyable): void {
    this.#sent = request;
    if (this.#error) request.destroy(this.#error);
  }

  answered(response: Destroyable): void {
    this.sent(response);
  }

  /** It fails when nothing calls this again, or `end`, in time. */
  limit(ms: number, error: () => KubeError): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.fail(error()), ms);
  }

  unlimited(): void {
    clearTimeout(this.#timer);
  }

  /** @param complete the answer was read to its end: its connection can serve another request */
  end(complete: boolean): void {
    clearTimeout(this.#timer);
    this.#all.delete(this);
    this.#signal?.removeEventListener('abort', this.#aborted);
    if (!complete) this.#sent?.destroy();
  }
}
