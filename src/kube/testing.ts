// An HTTP server in place of an API server, for what a real one does rarely.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeClient, type KubeResource } from './client.ts';
import { type Credentials, FixedCredentials } from './credentials.ts';
import { Transport } from './transport.ts';

export interface Asked {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface FakeApi {
  server: string;
  client: KubeClient;
  asked: Asked[];
  close(): Promise<void>;
}

/** @param answer called for each request; what it throws ends the connection */
export async function fakeApi(
  answer: (asked: Asked, response: ServerResponse, count: number) => void,
  options: { credentials?: Credentials; timeoutMs?: number; compress?: boolean } = {},
): Promise<FakeApi> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'http://localhost');
    const one = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    asked.push(one);
    try {
      answer(one, response, asked.length);
    } catch {
      request.socket.destroy();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const endpoint = { server: url, context: 'test', origin: 'the test', compress: options.compress };
  const transport = new Transport(endpoint, options.credentials ?? new FixedCredentials({ headers: {} }));
  const client = new KubeClient(transport, { context: 'test', namespace: 'here', timeoutMs: options.timeoutMs ?? 60_000 });
  return {
    server: url,
    client,
    asked,
    close: async () => {
      client.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

export function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** A Status of meta/v1. */
export function statusOf(code: number, reason: string, message: string, details?: unknown): Record<string, unknown> {
  return { apiVersion: 'v1', kind: 'Status', status: 'Failure', code, reason, message, details };
}

export const configMaps: KubeResource = { group: '', version: 'v1', apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true, verbs: [] };

/** What discovery says of a cluster with one kind. */
export const discovered = {
  kind: 'APIGroupDiscoveryList',
  items: [{ metadata: {}, versions: [{ version: 'v1', resources: [{ resource: 'configmaps', responseKind: { kind: 'ConfigMap' }, scope: 'Namespaced' }] }] }],
};
