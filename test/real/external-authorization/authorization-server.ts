// A service that decides by the path of a request, over HTTP and over gRPC, and remembers what it was asked.
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { JsonObject } from '../../../src/envoy/json.ts';
import { loadEnvoyApi } from '../../../src/envoy/proto/api.ts';

/** One question, without what differs from run to run. */
export type Asked = Record<string, unknown>;

export interface AuthorizationServer {
  port: number;
  asked: Asked[];
  close(): Promise<void>;
}

/** Servers close no connection between two requests: one that is sent at that moment would fail. */
export const idleMs = 600_000;

const ownHeaders = ['authorization', 'x-user', 'x-secret', 'x-more', 'cookie', 'x-envoy-auth-partial-body', 'x-fixed', 'content-length'];

export async function httpAuthorizationServer(port: number): Promise<AuthorizationServer> {
  const asked: Asked[] = [];
  const server = createServer({ keepAliveTimeout: idleMs }, async (request, response) => {
    const body = await textOf(request);
    const headers = Object.fromEntries(ownHeaders.flatMap((name) => (request.headers[name] === undefined ? [] : [[name, request.headers[name]]])));
    asked.push({ method: request.method, url: request.url, host: request.headers.host, headers, body });
    answer(request, response);
  });
  await listening(server, port);
  return { port, asked, close: () => closed(server) };
}

function answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
  const [, kind = ''] = /\/(\w[\w-]*)(?:[?/]|$)/.exec(url.replace('/check', '')) ?? [];
  const common = { 'x-auth-user': 'bob', 'x-other': 'o' };
  switch (kind) {
    case 'allow':
      response.writeHead(200, { ...common, 'x-user': 'from-authz', 'x-to-client': 'c', 'content-type': 'text/html' }).end('fine');
      return;
    case 'remove':
      response.writeHead(200, { ...common, 'x-envoy-auth-headers-to-remove': 'x-secret, x-more' }).end();
      return;
    case 'deny':
      response.writeHead(403, { ...common, 'content-type': 'text/html', 'x-reason': 'because', 'set-cookie': ['a=1', 'b=2'] }).end('<b>no</b>');
      return;
    case 'login':
      response.writeHead(302, { ...common, location: 'https://login.example/', 'www-authenticate': 'Bearer' }).end();
      return;
    case 'teapot':
      response.writeHead(418, common).end('short and stout');
      return;
    case 'no-content':
      response.writeHead(204, common).end();
      return;
    case 'broken':
      response.writeHead(503, common).end('x');
      return;
    case 'gone':
      response.socket?.destroy();
      return;
    case 'slow':
      return;
    default:
      response.writeHead(200).end();
  }
}

const method = '/envoy.service.auth.v3.Authorization/Check';

/** @param denies everything whose path does not say otherwise */
export async function grpcAuthorizationServer(port: number, denies = false): Promise<AuthorizationServer> {
  const asked: Asked[] = [];
  const api = loadEnvoyApi();
  const server = new Server();
  const definition = {
    Check: {
      path: method,
      requestStream: false,
      responseStream: false,
      requestSerialize: (value: JsonObject) => Buffer.from(api.encode('envoy.service.auth.v3.CheckRequest', value)),
      requestDeserialize: (bytes: Buffer) => api.decode('envoy.service.auth.v3.CheckRequest', bytes),
      responseSerialize: (value: JsonObject) => Buffer.from(api.encode('envoy.service.auth.v3.CheckResponse', value)),
      responseDeserialize: (bytes: Buffer) => api.decode('envoy.service.auth.v3.CheckResponse', bytes),
    },
  };
  server.addService(definition, {
    Check: (call: { request: JsonObject }, done: (error: { code: number; details: string } | null, value?: JsonObject) => void) => {
      asked.push(question(call.request));
      const path = String(http(call.request).path ?? '');
      const found = grpcAnswers[/^\/(\w[\w-]*)/.exec(path)?.[1] ?? ''] ?? (denies ? grpcAnswers.deny : grpcAnswers.allow);
      if (found === 'error') done({ code: 13, details: 'broken' });
      else if (found !== 'nothing') done(null, found as JsonObject);
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
  });
  return { port, asked, close: async () => server.forceShutdown() };
}

const header = (key: string, value: string, more: JsonObject = {}): JsonObject => ({ header: { key, value }, ...more });

const grpcAnswers: Readonly<Record<string, JsonObject | 'error' | 'nothing'>> = {
  allow: { status: { code: 0 } },
  headers: {
    status: { code: 0 },
    ok_response: {
      headers: [
        header('x-user', 'from-authz', { append: false }),
        header('x-new', 'n', { append: false }),
        header('x-more', 'appended', { append: true }),
        header('x-absent', 'appended', { append: true }),
      ],
      headers_to_remove: ['x-secret', 'host', ':path'],
      response_headers_to_add: [header('x-to-client', '1', { append: true }), header('x-app', 'authz', { append: true })],
    },
  },
  actions: {
    status: { code: 0 },
    ok_response: {
      headers: [
        header('x-user', 'plain'),
        header('x-secret', 'overwritten', { append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }),
        header('x-more', 'not', { append_action: 'ADD_IF_ABSENT' }),
        header('x-absent', 'added', { append_action: 'ADD_IF_ABSENT' }),
        header('x-nowhere', 'not', { append_action: 'OVERWRITE_IF_EXISTS' }),
      ],
      response_headers_to_add: [
        header('x-to-client', 'plain'),
        header('x-app-b', 'plain'),
        header('x-app-c', 'not appended', { append: false }),
        header('x-app', 'authz', { append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }),
        header('x-late', 'added', { append_action: 'ADD_IF_ABSENT' }),
        header('x-none', 'not', { append_action: 'OVERWRITE_IF_EXISTS' }),
      ],
    },
  },
  query: {
    status: { code: 0 },
    ok_response: { query_parameters_to_set: [{ key: 'b', value: '2' }], query_parameters_to_remove: ['a'] },
  },
  deny: { status: { code: 7 } },
  refuse: {
    status: { code: 7, message: 'no' },
    denied_response: {
      status: { code: 'Unauthorized' },
      headers: [header('x-reason', 'because'), header('set-cookie', 'a=1'), header('set-cookie', 'b=2')],
      body: 'who are you?',
    },
  },
  odd: { status: { code: 16 }, ok_response: { headers: [header('x-user', 'never')] } },
  broken: 'error',
  slow: 'nothing',
};

function http(request: JsonObject): JsonObject {
  const attributes = request.attributes as JsonObject;
  return ((attributes.request as JsonObject | undefined)?.http ?? {}) as JsonObject;
}

/** Ports of clients and times differ. */
function question(request: JsonObject): Asked {
  const { source, destination } = request.attributes as Record<string, JsonObject>;
  const { method: verb, path, host, scheme, protocol, body, raw_body: raw, headers = {} } = http(request);
  const address = (peer: JsonObject | undefined) => ((peer?.address as JsonObject)?.socket_address as JsonObject)?.address;
  const names = [...ownHeaders, ':method', ':path', ':authority', ':scheme', 'x-forwarded-proto'];
  const kept = Object.fromEntries(Object.entries(headers as JsonObject).filter(([name]) => names.includes(name)));
  return { source: address(source), destination: address(destination), method: verb, path, host, scheme, protocol, body, raw, headers: kept };
}

export async function textOf(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of message.setEncoding('latin1')) text += chunk;
  return text;
}

export function listening(server: HttpServer, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
}

export function closed(server: HttpServer): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => void server.close(() => resolve()));
}
