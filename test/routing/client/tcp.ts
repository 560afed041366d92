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
/** What the recording has comes, on a machine that is busy maybe late. */
const awaitedMs = 10_000;

/** What has to come before a silence means that nothing comes any more. */
export interface Awaited {
  bytes: number;
  /** The other side closes the connection. */
  end: boolean;
  /** A service sends it back before the next text is sent. */
  echoes: (text: string) => boolean;
}

const nothing: Awaited = { bytes: 0, end: false, echoes: () => false };

/** Talks until nothing comes any more. Closes the connection. */
export async function exchangeTcp(
  connection: ClientConnection,
  { send, half_close, idle_ms, wait_close_ms }: CaseTcp,
  awaited: Awaited = nothing,
): Promise<TcpResult> {
  const started = performance.now();
  const { socket, reader, established, local } = connection;
  const closedBy = (): Closed => {
    if (!established) return connection.tls?.alert ? 'alert' : connection.tls ? 'during-handshake' : 'rst';
    if (alertOf(reader.error)) return 'alert';
    return reader.ending ?? null;
  };
  const until = async (holds: () => boolean): Promise<void> => {
    for (const end = performance.now() + awaitedMs; !holds() && reader.ending === undefined && performance.now() < end; )
      await reader.more(end - performance.now());
  };
  if (established) {
    let before = '';
    for (const [index, text] of (send ?? []).entries()) {
      if (index > 0) {
        if (awaited.echoes(before)) await until(() => reader.peek().includes(before));
        await new Promise((resolve) => setTimeout(resolve, betweenTextsMs));
      }
      before = textOf(text);
      if (!socket.destroyed) socket.write(Buffer.from(before, 'latin1'));
    }
    if (half_close && !socket.destroyed) socket.end();
    await until(() => reader.available >= awaited.bytes && !awaited.end);
    const idle = idle_ms ?? defaultIdleMs;
    // A machine that is busy may need longer than a short silence for the first answer.
    if (reader.available === 0 && reader.ending === undefined) await reader.more(Math.max(idle, firstAnswerMs));
    while (reader.ending === undefined && (await reader.more(idle)));
    if (wait_close_ms !== undefined) {
      const end = performance.now() + wait_close_ms;
      while (reader.ending === undefined && performance.now() < end) await reader.more(end - performance.now());
    }
  }
  const closed = closedBy();
  const elapsedMs = performance.now() - started;
  connection.close();
  return { received: reader.takeAll(), closed, tls: finalTls(connection), local, elapsedMs };
}
