// What the services of a case received.
import type { HeaderList } from '../wire/http1.ts';

/** The header that joins a request to what services and proxy say about it. It is left out of what is compared. */
export const caseHeader = 'x-case-request';

/** A request as a service received it. */
export interface ReceivedRequest {
  identity: string;
  /** Value of the test header, undefined without one. */
  id: string | undefined;
  method: string;
  path: string;
  authority: string | null;
  http2: boolean;
  scheme: string | undefined;
  headers: HeaderList;
  body: Buffer;
  trailers: HeaderList;
  sent100Continue: boolean;
  /** The proxy reset the stream, with this code. */
  streamReset: string | undefined;
  /** The answer is not complete, and the stream not reset. */
  open: boolean;
}

/** A connection that a TCP service had. */
export interface ReceivedConnection {
  identity: string;
  received: Buffer[];
  eof: boolean;
}

const headMs = 5_000;
const othersMs = 5_000;

/** Collects what services receive; one for a case. */
export class Recorder {
  requests: ReceivedRequest[] = [];
  connections: ReceivedConnection[] = [];
  /** Connections opened since the last look, by identity. */
  opened = new Map<string, number>();
  /** Requests of an endpoint, and attempts of a request, that were told to fail. */
  private failures = new Map<string, number>();
  /** Requests by their ids whose client has the head of the answer. */
  private answered = new Set<string>();
  /** Requests of the step that are to be under way together, and are not sent yet. */
  private unsent = 0;
  private timers = new Set<NodeJS.Timeout>();

  open(identity: string): void {
    this.opened.set(identity, (this.opened.get(identity) ?? 0) + 1);
  }

  takeOpened(): Map<string, number> {
    const opened = this.opened;
    this.opened = new Map();
    return opened;
  }

  /** Whether this is one of the first `count` times that `key` asks. */
  failsFirst(key: string, count: number): boolean {
    const before = this.failures.get(key) ?? 0;
    this.failures.set(key, before + 1);
    return before < count;
  }

  /** So many requests are to be under way at a time. */
  together(count: number): void {
    this.unsent = count;
  }

  sent(): void {
    this.unsent--;
  }

  /** Slow answers are there so that requests are under way together: their time begins when the last one of these is sent. */
  async sleepTogether(ms: number): Promise<void> {
    const end = performance.now() + othersMs;
    while (ms > 0 && this.unsent > 0 && performance.now() < end) await this.sleep(5);
    await this.sleep(ms);
  }

  headCame(id: string): void {
    this.answered.add(id);
  }

  /** Until the client has the head of the answer; the client of a copy never gets it. */
  async clientHasHead(id: string | undefined): Promise<void> {
    const end = performance.now() + headMs;
    while (id !== undefined && !this.answered.has(id) && performance.now() < end) await this.sleep(5);
  }

  /** A wait that ends with the case. */
  async sleep(ms: number): Promise<void> {
    if (!(ms > 0)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        resolve();
      }, ms);
      this.timers.add(timer);
    });
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}
