/** What tells weft to end its Envoy: SIGTERM and SIGINT, or a request. SIGHUP is for the log files. */
export class Signals {
  /** Its name, or `quit`. */
  readonly first: Promise<string>;
  /** Somebody does not want to wait. */
  readonly second: Promise<string>;
  private readonly resolve: (reason: string) => void;

  constructor(hangUp: () => void) {
    const first = Promise.withResolvers<string>();
    const second = Promise.withResolvers<string>();
    this.first = first.promise;
    this.second = second.promise;
    let count = 0;
    this.resolve = (reason) => (count++ === 0 ? first : second).resolve(reason);
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => this.resolve(name));
    process.on('SIGHUP', hangUp);
  }

  quit(): void {
    this.resolve('quit');
  }
}
