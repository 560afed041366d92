/** Sessions that may go on, of each server apart: at most so many, the newest first. */
const perServer = 4;
const mostServers = 1024;

/** What clients keep of handshakes, so that the next one costs less. Each is used once. */
export class Sessions {
  private readonly byServer = new Map<string, Buffer[]>();

  /** @param server what it was verified by, and where it is */
  take(server: string): Buffer | undefined {
    return this.byServer.get(server)?.pop();
  }

  add(server: string, session: Buffer): void {
    const known = this.byServer.get(server) ?? [];
    if (known.length >= perServer) known.shift();
    known.push(session);
    // Those that are used again are the last to be forgotten.
    this.byServer.delete(server);
    this.byServer.set(server, known);
    if (this.byServer.size > mostServers) this.byServer.delete(this.byServer.keys().next().value as string);
  }

  clear(): void {
    this.byServer.clear();
  }
}
