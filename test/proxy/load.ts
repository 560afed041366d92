// Clients that never stop asking.
import { Agent, request } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';

export interface Load {
  /** Requests by the body of their answer. */
  readonly answers: Map<string, number>;
  /** What is no answer with 200. */
  readonly failures: string[];
  /** Connections beyond the first of each client. */
  reconnects: number;
  stop(): Promise<void>;
}

export interface LoadOptions {
  port: number;
  host: string;
  /** Clients of each kind, one connection each. */
  http1: number;
  http2: number;
  /** Of POST requests, which every other one is. */
  bodyBytes: number;
}

/** Keeps each connection busy until it is stopped. */
export function startLoad(options: LoadOptions): Load {
  let running = true;
  const load = { answers: new Map<string, number>(), failures: [] as string[], reconnects: 0 };
  const body = Buffer.alloc(options.bodyBytes, 'x');
  const count = (status: number, text: string): void => {
    if (status === 200) load.answers.set(text, (load.answers.get(text) ?? 0) + 1);
    else load.failures.push(`${status} ${text}`);
  };
  const keep = async (ask: (n: number) => Promise<void>): Promise<void> => {
    for (let n = 0; running; n++) await ask(n).catch((error: Error) => load.failures.push(String(error)));
  };
  const clients: Promise<void>[] = [];
  for (let i = 0; i < options.http1; i++) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    clients.push(
      keep(async (n) => {
        const reused = await askHttp1(options, agent, n % 2 === 1 ? body : undefined, count);
        if (n > 0 && !reused) load.reconnects++;
      }).finally(() => agent.destroy()),
    );
  }
  for (let i = 0; i < options.http2; i++) {
    let session = connect(`http://127.0.0.1:${options.port}`);
    session.on('error', () => {});
    clients.push(
      keep(async (n) => {
        if (session.closed || session.destroyed) {
          load.reconnects++;
          session = connect(`http://127.0.0.1:${options.port}`);
          session.on('error', () => {});
        }
        await askHttp2(options, session, n % 2 === 1 ? body : undefined, count);
      }).finally(() => session.destroy()),
    );
  }
  const stop = async (): Promise<void> => {
    running = false;
    await Promise.all(clients);
  };
  return Object.assign(load, { stop });
}

type Count = (status: number, text: string) => void;

/** @returns whether the connection was there already */
function askHttp1({ port, host }: LoadOptions, agent: Agent, body: Buffer | undefined, count: Count): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const method = body ? 'POST' : 'GET';
    const sent = request({ port, host: '127.0.0.1', agent, method, headers: { host, ...(body ? { 'content-length': body.length } : {}) } }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        count(response.statusCode ?? 0, text);
        resolve(sent.reusedSocket);
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function askHttp2({ host }: LoadOptions, session: ClientHttp2Session, body: Buffer | undefined, count: Count): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': body ? 'POST' : 'GET', ':path': '/', ':authority': host }, { endStream: body === undefined });
    let status = 0;
    let text = '';
    stream.setEncoding('utf8');
    stream.on('response', (headers) => {
      status = Number(headers[':status']);
    });
    stream.on('data', (chunk) => {
      text += chunk;
    });
    stream.on('error', reject);
    stream.on('close', () => {
      if (stream.rstCode !== 0 || status === 0) reject(new Error(`RST_STREAM ${stream.rstCode}, status ${status}`));
      else {
        count(status, text);
        resolve();
      }
    });
    if (body) stream.end(body);
  });
}
