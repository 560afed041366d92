/** Sessions that may go on, of each server apart: at most so many, the newest first. */
const perServer = 4;
const mostServers = 1024;
/** A server that has refused so many one after another is offered none, and asked for none, for a while. To offer one is not free. */
const mostRefused = 8;
const pauseMs = 10_000;

export interface Session {
  bytes: Buffer;
  /** Of the certificate that was verified when it began. Milliseconds since 1970. */
  expiresAt: number;
}

interface Known {
  sessions: Session[];
  /** One after another. */
  refused: number;
  /** Until then none are wanted. */
  pausedUntil: number;
}

/**
 * What clients keep of handshakes, so that the next one costs less. The last one of a server may be used again and again. Servers are
 * told by where they are, and what they were verified by; times are milliseconds since 1970.
 */
export class Sessions {
  private readonly byServer = new Map<string, Known>();

  take(server: string, now: number): Session | undefined {
    const known = this.byServer.get(server);
    if (!known) return undefined;
    known.sessions = known.sessions.filter(({ expiresAt }) => expiresAt > now);
    // Servers do not give a new one with each.
    return known.sessions.length > 1 ? known.sessions.pop() : known.sessions[0];
  }

  /** What the server made of one that was taken. */
  judged(server: string, resumed: boolean, now: number): void {
    const known = this.known(server);
    known.refused = resumed ? 0 : known.refused + 1;
    if (known.refused < mostRefused) return;
    known.sessions = [];
    known.pausedUntil = now + pauseMs;
  }

  /** Whether those of the server are of use. */
  wanted(server: string, now: number): boolean {
    return (this.byServer.get(server)?.pausedUntil ?? 0) <= now;
  }

  add(server: string, session: Session): void {
    const { sessions } = this.known(server);
    if (sessions.length >= perServer) sessions.shift();
    sessions.push(session);
  }

  /** Those that are used again are the last to be forgotten. */
  private known(server: string): Known {
    const known = this.byServer.get(server) ?? { sessions: [], refused: 0, pausedUntil: 0 };
    this.byServer.delete(server);
    this.byServer.set(server, known);
    if (this.byServer.size > mostServers) this.byServer.delete(this.byServer.keys().next().value as string);
    return known;
  }
}
