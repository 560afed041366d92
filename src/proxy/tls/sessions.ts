/** Sessions that may go on, of each server apart: at most so many, the newest first. */
const perServer = 4;
const mostServers = 1024;

export interface Session {
  bytes: Buffer;
  /** Of the certificate that was verified when it began. Milliseconds since 1970. */
  expiresAt: number;
}

/** What clients keep of handshakes, so that the next one costs less. The last one of a server may be used again and again. */
export class Sessions {
  private readonly byServer = new Map<string, Session[]>();

  /**
   * @param server where it is, and what it was verified by
   * @param now milliseconds since 1970
   */
  take(server: string, now: number): Session | undefined {
    const known = this.byServer.get(server);
    if (!known) return undefined;
    const valid = known.filter(({ expiresAt }) => expiresAt > now);
    if (valid.length === 0) {
      this.byServer.delete(server);
      return undefined;
    }
    // Servers do not give a new one with each.
    if (valid.length > 1) this.byServer.set(server, valid.slice(0, -1));
    return valid.at(-1);
  }

  add(server: string, session: Session): void {
    const known = this.byServer.get(server) ?? [];
    if (known.length >= perServer) known.shift();
    known.push(session);
    // Those that are used again are the last to be forgotten.
    this.byServer.delete(server);
    this.byServer.set(server, known);
    if (this.byServer.size > mostServers) this.byServer.delete(this.byServer.keys().next().value as string);
  }
}
