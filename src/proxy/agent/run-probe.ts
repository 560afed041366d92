import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { AppProbe, HttpCheck } from './app-probe.ts';
import { checkGrpcHealth } from './grpc-health.ts';
import { connectToPod } from './pod-connection.ts';
import { requestOver } from './request-over.ts';

/** What the kubelet is answered. */
export interface ProbeAnswer {
  /** That of the application; 500 where it could not be asked. */
  status: number;
  /** The beginning of the application's own, or what went wrong. */
  body: string;
}

/** The kubelet shows no more than this of an answer, in bytes. */
const shownBytes = 10 * 1024;

/** As often the kubelet follows an application that sends it elsewhere on the same host. */
const mostRedirects = 10;

/** Of one connection, not of what is asked on it. */
const ofTheConnection: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'content-length',
  'expect',
]);

/**
 * Asks the application as the kubelet would.
 *
 * @param pod address of the pod
 * @param headers of the kubelet's request, which the application gets, too
 */
export async function runProbe(probe: AppProbe, pod: string, headers: IncomingHttpHeaders): Promise<ProbeAnswer> {
  const { check, timeoutMs } = probe;
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(new Error(`there is no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  const { signal } = ended;
  try {
    if (check.kind === 'http') return await askHttp(check, { pod, signal, headers });
    const socket = await connectToPod({ ...check, pod, signal });
    try {
      if (check.kind === 'tcp') return { status: 200, body: '' };
      const health = await checkGrpcHealth(socket, `${pod}:${check.port}`, check.service, signal);
      return health === 'SERVING' ? { status: 200, body: '' } : { status: 500, body: `the service is ${health}\n` };
    } finally {
      socket.destroy();
    }
  } catch (error) {
    return { status: 500, body: `the application's probe failed: ${(signal.aborted ? (signal.reason as Error) : (error as Error)).message}\n` };
  } finally {
    clearTimeout(timer);
    ended.abort();
  }
}

interface Asking {
  pod: string;
  signal: AbortSignal;
  headers: IncomingHttpHeaders;
}

async function askHttp(check: HttpCheck, asking: Asking): Promise<ProbeAnswer> {
  const { pod } = asking;
  const first = new URL(`${check.scheme}://${bracketed(check.host ?? pod)}:${check.port}${check.path}`);
  for (let url = first, redirects = 0; ; redirects++) {
    const response = await get(url, check, asking);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    const next = status >= 300 && status < 400 && location !== undefined && URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    // Elsewhere is not where the application is: that it sends there is its answer.
    if (!next || next.hostname !== first.hostname || !/^https?:$/.test(next.protocol)) return { status, body: await beginningOf(response) };
    response.destroy();
    if (redirects === mostRedirects) throw new Error(`the application redirects more than ${mostRedirects} times`);
    url = next;
  }
}

async function get(url: URL, check: HttpCheck, { pod, signal, headers }: Asking): Promise<IncomingMessage> {
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const plain = await connectToPod({ host: check.host, port, pod, signal });
  const socket = url.protocol === 'https:' ? await secured(plain, signal) : plain;
  return requestOver(socket, { path: `${url.pathname}${url.search}`, headers: headersFor(url, check, headers), signal });
}

/** Like the kubelet, without asking who it is. */
async function secured(socket: Socket, signal: AbortSignal): Promise<Socket> {
  const { connect } = await import('node:tls');
  return new Promise((resolve, reject) => {
    const secure = connect({ socket, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }, () => resolve(secure));
    secure.once('error', reject);
    signal.addEventListener('abort', () => secure.destroy(signal.reason), { once: true });
  });
}

/** Those of the kubelet, then those of the probe. */
function headersFor(url: URL, { headers: own }: HttpCheck, headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = { host: url.host, connection: 'close' };
  for (const [name, value] of Object.entries(headers)) if (value !== undefined && !ofTheConnection.has(name)) out[name] = value;
  const grouped = Map.groupBy(own, ([name]) => name.toLowerCase().replace(/^:authority$/, 'host'));
  for (const [name, values] of grouped) {
    const texts = values.map(([, value]) => value);
    // There is one host.
    out[name] = name === 'host' || texts.length === 1 ? (texts.at(-1) as string) : texts;
  }
  return out;
}

async function beginningOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= shownBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, shownBytes).toString('utf8');
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
