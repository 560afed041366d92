// A gateway with policies in front of an application that keeps every byte it gets.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../free-ports.ts';
import { until } from '../../proxy/support.ts';

const weft = join(import.meta.dirname, '../../../bin/weft.js');

/** What became of a request, without what differs from run to run. */
export interface Outcome {
  /** 0: the connection was closed without an answer. */
  status: number;
  /** Details of the access log. */
  details: string;
  /** The head of the request that the application got: its first line, and its headers by name. */
  got: string[];
}

export interface HostilePlace {
  /** Bytes, one character each. */
  send(bytes: string): Promise<Outcome>;
  /** Over HTTP/2, headers in this order. */
  sendHttp2(headers: readonly (readonly [string, string])[]): Promise<Outcome>;
  close(): Promise<void>;
}

const differing =
  /^(?:x-request-id|x-envoy-(?:external-address|decorator-operation|attempt-count|peer-metadata.*|internal)|x-forwarded-for): |^host: 127\.0\.0\.1/;
const markHeader = 'x-mark';
const format = `LOG %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% %REQ(${markHeader.toUpperCase()})%`;
/** Who has not answered by then does not. */
const answerMs = 8_000;
const logMs = 60_000;

/**
 * @param engine arguments that choose it
 * @param manifests for the gateway `shop/edge`, beside its routes
 */
export async function startHostile(engine: readonly string[], manifests: string, meshConfig: object = {}): Promise<HostilePlace> {
  const [port = 0, admin = 0, agent = 0] = await freePorts(3);
  const heads: string[] = [];
  const app = createServer((socket) => {
    let text = '';
    socket.setEncoding('latin1').on('error', () => {});
    socket.on('data', (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        heads.push(text.slice(0, end));
        text = text.slice(end + 4);
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok');
        socket.end();
      }
    });
  });
  await new Promise<void>((resolve) => void app.listen(0, '127.0.0.1', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'weft-hostile-'));
  writeFileSync(join(folder, 'mesh.yaml'), routes(port, (app.address() as AddressInfo).port) + manifests);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(meshConfig));
  const ports = ['--admin-port', admin, '--agent-port', agent, '--stats-port', 0, '--health-port', 0].map(String);
  const args = ['-f', join(folder, 'mesh.yaml'), '--meshConfigFile', join(folder, 'config.json'), '--gateway', 'shop/edge'];
  const child = spawn(
    process.execPath,
    [weft, 'proxy', 'run', ...engine, ...args, ...ports, '--access-log', '-', '--access-log-format', format, '--concurrency', '1'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let stderr = '';
  let stdout = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const exited = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    child.kill('SIGINT');
    await exited;
    app.close();
    rmSync(folder, { recursive: true });
  };
  let marks = 0;
  /** Lines of the log behind `from`, when it has all that came before: that is so when it has a request that was sent after it. */
  const linesAfter = async (from: number): Promise<string[]> => {
    const mark = String(++marks);
    const status = await exchange(port, `GET /mark HTTP/1.1\r\nhost: shop.example\r\n${markHeader}: ${mark}\r\n\r\n`);
    if (status !== 200) throw new Error(`the mark was answered with ${status}`);
    const lines = (): string[] => stdout.slice(from).split('\n').slice(0, -1);
    const isMark = (line: string): boolean => line.endsWith(` ${mark}`);
    await until(() => lines().some(isMark), 'the mark is in the access log', logMs);
    return lines().slice(0, lines().findIndex(isMark));
  };
  /** @param ask says the status */
  const seen = async (ask: () => Promise<number>): Promise<Outcome> => {
    const before = { heads: heads.length, log: stdout.length };
    const status = await ask();
    const [line = ''] = await linesAfter(before.log);
    const [head] = heads.slice(before.heads).filter((one) => !one.toLowerCase().includes(`\r\n${markHeader}: `));
    const [first = '', ...rest] = head === undefined ? [] : head.split('\r\n');
    const got =
      head === undefined
        ? []
        : [
            first,
            ...rest
              .map((line) => line.replace(/^[^:]*/, (name) => name.toLowerCase()))
              .filter((line) => !differing.test(line))
              .sort(),
          ];
    return { status, details: line.replace(/^LOG /, '').replace(/ -$/, ''), got };
  };
  try {
    await until(() => /\bserving\b/.test(stderr) || child.exitCode !== null, 'the gateway serves', 90_000);
    if (child.exitCode !== null) throw new Error(`weft ended with ${child.exitCode}:\n${stderr}`);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    close,
    send: (bytes) => seen(() => exchange(port, bytes)),
    sendHttp2: (headers) =>
      seen(async () => {
        // One of its own: the gateway may be about to close the one of a request that it took for none.
        const session = connectHttp2(`http://127.0.0.1:${port}`).on('error', () => {});
        return exchangeHttp2(session, headers).finally(() => session.destroy());
      }),
  };
}

/** Status of the first answer. */
function exchange(port: number, bytes: string): Promise<number> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(Buffer.from(bytes, 'latin1')));
    const timer = setTimeout(() => socket.destroy(), answerMs);
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      // Behind those on the way is the one that counts.
      text = (text + chunk).replace(/^(?:HTTP\/1\.1 100 .*?\r\n\r\n)+/s, '');
      if (text.includes('\r\n\r\n')) socket.destroy();
    });
    socket
      .on('error', () => {})
      .on('close', () => {
        clearTimeout(timer);
        resolve(Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0));
      });
  });
}

function exchangeHttp2(session: ClientHttp2Session, headers: readonly (readonly [string, string])[]): Promise<number> {
  return new Promise((resolve) => {
    let status = 0;
    const stream = session.request(headers.flat() as unknown as Record<string, string>, { endStream: true });
    stream.on('response', (found) => {
      status = Number(found[constants.HTTP2_HEADER_STATUS]);
    });
    stream.setTimeout(answerMs, () => stream.close());
    stream.on('error', () => {}).on('close', () => resolve(status));
    stream.resume();
  });
}

const routes = (port: number, app: number): string => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: app, namespace: shop }
spec:
  hosts: [app.example]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: ${app}, name: http, protocol: HTTP }]
  endpoints: [{ address: 127.0.0.1 }]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec: { selector: { app: edge }, servers: [{ port: { number: ${port}, name: http, protocol: HTTP }, hosts: ['*'] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: app, namespace: shop }
spec:
  hosts: ['*']
  gateways: [edge]
  http: [{ route: [{ destination: { host: app.example, port: { number: ${app} } } }] }]
---
`;
