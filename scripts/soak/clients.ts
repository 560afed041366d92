// Clients of all kinds, each in a loop of its own.
import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';

export type Kind = 'http1' | 'http2' | 'files' | 'tcp' | 'websocket';

export interface ClientOptions {
  /** Of the proxy. */
  port: number;
  tcpPort: number;
  /** Between two requests of a client, in milliseconds. */
  pauseMs: number;
}

/** Small enough to be sent again when its endpoint dies. */
const postBytes = 3000;
const fileBytes = 100_000;
const tcpBytes = 20_000;
/** An upgraded connection lives this long. */
const tunnelMs = 15_000;
/** Whatever takes longer has got lost. */
const lostMs = 60_000;

/** Clients until they are stopped. */
export class Clients {
  readonly done: Record<Kind, number> = { http1: 0, http2: 0, files: 0, tcp: 0, websocket: 0 };
  /** What happened that no policy allows. */
  readonly failures: string[] = [];
  private readonly options: ClientOptions;
  private running = true;
  private readonly loops: Promise<void>[] = [];

  constructor(options: ClientOptions) {
    this.options = options;
  }

  start(): void {
    for (let i = 0; i < 4; i++) this.httpClient();
    for (let i = 0; i < 2; i++) this.http2Client();
    this.fileClient();
    for (let i = 0; i < 2; i++) this.loop('tcp', () => this.tcp());
    for (let i = 0; i < 2; i++) this.loop('websocket', () => this.tunnel());
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.loops);
  }

  private loop(kind: Kind, once: (n: number) => Promise<void>, end: () => void = () => {}): void {
    const run = async (): Promise<void> => {
      for (let n = 0; this.running; n++) {
        try {
          await inTime(once(n));
          this.done[kind]++;
        } catch (error) {
          this.failures.push(`${new Date().toISOString()} ${kind}: ${(error as Error).message}`);
        }
        await pause(this.options.pauseMs * (0.5 + Math.random()));
      }
      end();
    };
    this.loops.push(run());
  }

  private httpClient(): void {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    this.loop(
      'http1',
      async (n) => {
        const body = n % 3 === 0 ? Buffer.alloc(postBytes, 'p') : undefined;
        const answer = await this.http(agent, 'web.soak', '/', body);
        if (!/^v[12]-\d/.test(answer) || !answer.endsWith(` ${body?.length ?? 0}`)) throw new Error(`answer ${answer}`);
      },
      () => agent.destroy(),
    );
  }

  private fileClient(): void {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const body = Buffer.alloc(fileBytes, 'q');
    const hash = createHash('sha256').update(body).digest('hex');
    this.loop(
      'files',
      async (n) => {
        if (n % 2 === 0) {
          const answer = await this.http(agent, 'files.soak', `/${fileBytes}`, undefined);
          if (answer.length !== fileBytes) throw new Error(`${answer.length} bytes of ${fileBytes}`);
        } else if ((await this.http(agent, 'files.soak', '/', body)) !== hash) throw new Error('the body is not what was sent');
      },
      () => agent.destroy(),
    );
  }

  private http(agent: Agent, host: string, path: string, body: Buffer | undefined): Promise<string> {
    const { port } = this.options;
    const method = body ? 'POST' : 'GET';
    return new Promise((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', agent, method, path, headers: { host, ...(body ? { 'content-length': body.length } : {}) } });
      sent.on('response', (response) => {
        let text = '';
        response.setEncoding('latin1');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('error', reject);
        response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(`${host}: ${response.statusCode} ${text.slice(0, 100)}`))));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** Some streams at a time on one connection. */
  private http2Client(): void {
    let session: ClientHttp2Session | undefined;
    const once = async (n: number): Promise<void> => {
      if (!session || session.closed || session.destroyed) {
        // The first one aside, nothing here ends a connection.
        if (session) this.failures.push('http2: the connection ended');
        session = connectHttp2(`http://127.0.0.1:${this.options.port}`);
        session.on('error', (error) => this.failures.push(`http2: ${error.message}`));
      }
      const of = session;
      await Promise.all(Array.from({ length: 3 }, (_, i) => stream(of, (n + i) % 3 === 0 ? Buffer.alloc(postBytes, 'r') : undefined)));
    };
    this.loop('http2', once, () => session?.destroy());
  }

  private tcp(): Promise<void> {
    const sent = Buffer.alloc(tcpBytes, Math.floor(Math.random() * 256));
    return new Promise((resolve, reject) => {
      const socket = connect({ port: this.options.tcpPort, host: '127.0.0.1', allowHalfOpen: true });
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('error', reject);
      socket.on('end', () => {
        socket.destroy();
        if (Buffer.concat(chunks).equals(sent)) resolve();
        else reject(new Error(`${Buffer.concat(chunks).length} bytes came back of ${sent.length}`));
      });
      socket.end(sent);
    });
  }

  /** An upgraded connection, with a message now and then. */
  private tunnel(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: this.options.port, host: '127.0.0.1' });
      let received = '';
      let expected = '';
      let messages = 0;
      let upgraded = false;
      const began = performance.now();
      const fail = (text: string): void => {
        socket.destroy();
        reject(new Error(text));
      };
      const next = (): void => {
        this.done.websocket++;
        if (!this.running || performance.now() - began > tunnelMs) {
          socket.destroy();
          resolve();
          return;
        }
        expected = `message ${++messages};`;
        socket.write(expected);
      };
      socket.setTimeout(lostMs / 2, () => fail(`no answer to message ${messages}`));
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1');
        const head = received.indexOf('\r\n\r\n');
        if (!upgraded) {
          if (head < 0) return;
          if (!received.startsWith('HTTP/1.1 101 ')) {
            fail(received.slice(0, 100));
            return;
          }
          upgraded = true;
          received = received.slice(head + 4);
          next();
        } else if (received === expected) {
          received = '';
          setTimeout(next, this.options.pauseMs);
        } else if (!expected.startsWith(received)) fail(`${received.slice(0, 100)} instead of ${expected}`);
      });
      socket.on('error', (error) => fail(error.message));
      socket.on('close', () => fail(`closed after ${messages} messages`));
      socket.write('GET /chat HTTP/1.1\r\nhost: sockets.soak\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    });
  }
}

function stream(session: ClientHttp2Session, body: Buffer | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = session.request({ ':method': body ? 'POST' : 'GET', ':path': '/', ':authority': 'web.soak' }, { endStream: body === undefined });
    let status = 0;
    let text = '';
    sent.setEncoding('latin1');
    sent.on('response', (headers) => {
      status = Number(headers[':status']);
    });
    sent.on('data', (chunk) => {
      text += chunk;
    });
    sent.on('error', reject);
    sent.on('close', () => {
      if (status === 200 && text.endsWith(` ${body?.length ?? 0}`)) resolve();
      else reject(new Error(`status ${status}, code ${sent.rstCode}, answer ${text.slice(0, 100)}`));
    });
    if (body) sent.end(body);
  });
}

/** Rejects when it takes longer than anything may. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing for ${lostMs / 1000} s`)), lostMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
