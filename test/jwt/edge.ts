// A gateway that routes by claims, and an issuer that can be gone.
import { createServer as createHttpServer, type RequestListener, request, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { toClose } from '../proxy/support.ts';
import { keySet, type TestKey } from './keys.ts';
import { good } from './token.ts';

export const signed = (key: TestKey, kid: string, claims: object = {}): string => good(claims, { alg: 'RS256', kid }, key.privateKey);
export const published = (...list: readonly (readonly [TestKey, kid: string])[]): string =>
  keySet(...list.map(([{ jwk }, kid]) => ({ ...jwk, kid, alg: 'RS256', use: 'sig' })));

/** @param rule where the keys are: `jwksUri: …`, or nothing for discovery */
export const edge = (port: number, issuer: string, rule = ''): string => `
apiVersion: v1
kind: Service
metadata: { name: gw, namespace: edge }
spec: { selector: { app: gw }, ports: [{ name: http, port: ${port} }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gw, namespace: edge }
spec:
  selector: { app: gw }
  servers: [{ port: { number: ${port}, name: http, protocol: HTTP }, hosts: ['*'] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: all, namespace: edge }
spec:
  hosts: ['*']
  gateways: [gw]
  http:
    - match: [{ headers: { '@request.auth.claims.role': { exact: admin } } }]
      directResponse: { status: 200, body: { string: admin } }
    - match: [{ headers: { '@request.auth.claims.sub': { regex: '.+' } } }]
      directResponse: { status: 200, body: { string: user } }
    - directResponse: { status: 200, body: { string: nobody } }
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: edge }
spec:
  selector: { matchLabels: { app: gw } }
  jwtRules: [{ issuer: '${issuer}', ${rule} }]
`;

/** Answers on a port as it is told. */
export class Issuer {
  readonly address: string;
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  /** By path; others are 404. */
  answers: Record<string, string> = {};
  private readonly port: number;
  private readonly tls: { cert: string; key: string } | undefined;
  private server: Server | undefined;

  constructor(port: number, tls?: { cert: string; key: string }) {
    this.port = port;
    this.tls = tls;
    this.address = tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
    toClose({ close: () => this.stop() });
  }

  async start(): Promise<void> {
    const answer: RequestListener = ({ url = '' }, response) => {
      this.asked.push(url);
      const text = this.answers[url];
      response.statusCode = text === undefined ? 404 : 200;
      response.end(text);
    };
    const server = this.tls ? createHttpsServer(this.tls, answer) : createHttpServer(answer);
    this.server = server;
    await new Promise<void>((resolve) => void server.listen(this.port, '127.0.0.1', resolve));
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }
}

/** Body of the answer to a request with a token. */
export function askWith(port: number, token: string | undefined): Promise<string> {
  const headers = { host: 'shop', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, headers, agent: false }, async (response) => resolve((await response.toArray()).join('')))
      .on('error', reject)
      .end();
  });
}
