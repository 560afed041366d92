// A client that sends texts on a connection and listens to what comes.
import { type CaseTcp, textOf } from '../corpus.ts';
import { alertOf, type ClientConnection, finalTls, type TlsOutcome } from './connect.ts';

export type Closed = null | 'fin' | 'rst' | 'alert' | 'during-handshake';

export interface TcpResult {
  received: Buffer;
  /** Null: the client closed. */
  closed: Closed;
  tls: TlsOutcome | undefined;
  local: string;
  elapsedMs: number;
}

const betweenTextsMs = 100;
const defaultIdleMs = 400;
const firstAnswerMs = 300;

/** Talks until nothing comes any more. Closes the connection. */
export async function exchangeTcp(connection: ClientConnection, { send, half_close, idle_ms, wait_close_ms }: CaseTcp): Promise<TcpResult> {
  const started = performance.now();
  const { socket, reader, established, local } = connection;
  const closedBy = (): Closed => {
    if (!established) return connection.tls?.alert ? 'alert' : connection.tls ? 'during-handshake' : 'rst';
    if (alertOf(reader.error)) return 'alert';
    return reader.ending ?? null;
  };
  if (established) {
    for (const [index, text] of (send ?? []).entries()) {
      if (index > 0) await new Promise((resolve) => setTimeout(resolve, betweenTextsMs));
      if (!socket.destroyed) socket.write(Buffer.from(textOf(text), 'latin1'));
    }
    if (half_close && !socket.destroyed) socket.end();
    const idle = idle_ms ?? defaultIdleMs;
    // A machine that is busy may need longer than a short silence for the first answer.
    if (reader.available === 0 && reader.ending === undefined) await reader.more(Math.max(idle, firstAnswerMs));
    while (reader.ending === undefined && (await reader.more(idle)));
    if (wait_close_ms !== undefined) {
      const until = performance.now() + wait_close_ms;
      while (reader.ending === undefined && performance.now() < until) await reader.more(until - performance.now());
    }
  }
  const closed = closedBy();
  const elapsedMs = performance.now() - started;
  connection.close();
  return { received: reader.takeAll(), closed, tls: finalTls(connection), local, elapsedMs };
}
