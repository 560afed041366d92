// The real Envoy with one listener for each configuration of tokens, in front of a service that tells what it was sent.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../src/envoy/json.ts';
import { freePorts } from '../free-ports.ts';
import { notCompared, type TokenOutcome, type TokenRequest } from './outcome.ts';

const detailsHeader = 'x-test-details';
const claimsHeader = 'x-test-claims';
const startMs = 90_000;

export class TokenEnvoy {
  private readonly ports: ReadonlyMap<string, number>;
  private readonly child: ChildProcess;
  private readonly close: () => void;

  private constructor(ports: ReadonlyMap<string, number>, child: ChildProcess, close: () => void) {
    this.ports = ports;
    this.child = child;
    this.close = close;
  }

  /** @param filters by the name of their configuration */
  static async start(program: string, filters: ReadonlyMap<string, JsonObject>): Promise<TokenEnvoy> {
    const service = await headService();
    const folder = mkdtempSync(join(tmpdir(), 'weft-jwt-'));
    const numbers = await freePorts(filters.size + 1);
    const admin = numbers.pop() as number;
    const names = [...filters.keys()];
    const ports = new Map(names.map((name, index) => [name, numbers[index] as number]));
    const bootstrap = {
      admin: { address: address(admin) },
      static_resources: {
        listeners: names.map((name) => listener(name, ports.get(name) as number, filters.get(name) as JsonObject)),
        clusters: [cluster((service.address() as AddressInfo).port)],
      },
    };
    const file = join(folder, 'envoy.json');
    const log = join(folder, 'log');
    writeFileSync(file, JSON.stringify(bootstrap));
    const child = spawn(program, ['-c', file, '--concurrency', '1', '--use-dynamic-base-id', '-l', process.env.ENVOY_LOG ?? 'warning', '--log-path', log], {
      stdio: 'ignore',
    });
    let ended = false;
    child.once('exit', () => {
      ended = true;
    });
    const close = (): void => {
      service.close();
      rmSync(folder, { recursive: true, force: true });
    };
    for (const until = performance.now() + startMs; !(await ready(admin)); ) {
      if (!ended && performance.now() < until) continue;
      child.kill('SIGKILL');
      const said = readFileSync(log, 'utf8');
      close();
      throw new Error(`Envoy does not start: ${said}`);
    }
    return new TokenEnvoy(ports, child, close);
  }

  ask(configuration: string, { method = 'GET', path = '/', headers = [] }: TokenRequest): Promise<TokenOutcome> {
    const port = this.ports.get(configuration);
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, method, path, setHost: false, headers: ['host', 'app', ...headers.flat()] }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(outcome(response.statusCode ?? 0, response.headers, Buffer.concat(chunks).toString())));
      });
      asked.on('error', reject);
      asked.end();
    });
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
    this.close();
  }
}

function outcome(status: number, headers: NodeJS.Dict<string | string[]>, body: string): TokenOutcome {
  const details = String(headers[detailsHeader] ?? '');
  const authenticate = headers['www-authenticate'] === undefined ? undefined : String(headers['www-authenticate']);
  if (details !== 'via_upstream') return { status, body, authenticate, details };
  const { url, rawHeaders } = JSON.parse(body) as { url: string; rawHeaders: string[] };
  const claims = rawHeaders[rawHeaders.indexOf(claimsHeader) + 1];
  const sent = rawHeaders.flatMap((name, i) => (i % 2 === 0 && !notCompared.test(name) ? [name, rawHeaders[i + 1] as string] : []));
  return {
    status,
    body: '',
    authenticate,
    details,
    upstream: {
      path: url,
      headers: sent,
      claims: rawHeaders.includes(claimsHeader) && claims !== '-' ? JSON.parse(Buffer.from(claims as string, 'latin1').toString()) : undefined,
    },
  };
}

/** Answers with the head that it was sent, byte for byte: also with heads that no HTTP library takes. */
async function headService(): Promise<Server> {
  const service = createServer((socket) => {
    let head = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      const [line = '', ...fields] = head.slice(0, -4).split('\r\n');
      const body = JSON.stringify({ url: line.slice(line.indexOf(' ') + 1, line.lastIndexOf(' ')), rawHeaders: fields.flatMap(field) });
      const bytes = line.startsWith('HEAD') ? '' : body;
      socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${bytes}`);
    });
  });
  await new Promise<void>((resolve) => void service.listen(0, '127.0.0.1', resolve));
  return service;
}

function field(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

const address = (port: number): JsonObject => ({ socket_address: { address: '127.0.0.1', port_value: port } });

function ready(admin: number): Promise<boolean> {
  return new Promise((resolve) => {
    const answer = (value: boolean): void => void setTimeout(() => resolve(value), value ? 0 : 50);
    request({ host: '127.0.0.1', port: admin, path: '/ready' }, (response) => {
      response.resume();
      answer(response.statusCode === 200);
    })
      .on('error', () => answer(false))
      .end();
  });
}

function listener(name: string, port: number, filter: JsonObject): JsonObject {
  const append = (header: string, value: string): JsonObject => ({ header: { key: header, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' });
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: name,
    normalize_path: true,
    http_filters: [
      filter,
      { name: 'envoy.filters.http.cors', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors' } },
      { name: 'envoy.filters.http.router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } },
    ],
    route_config: {
      name,
      response_headers_to_add: [append(detailsHeader, '%RESPONSE_CODE_DETAILS%')],
      request_headers_to_add: [append(claimsHeader, '%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:payload)%')],
      virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'service' } }] }],
    },
  };
  return {
    name,
    address: address(port),
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
  };
}

function cluster(port: number): JsonObject {
  return {
    name: 'service',
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: { cluster_name: 'service', endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }] },
  };
}
