import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createSecureContext, getCACertificates } from 'node:tls';
import type { ClientCertificate } from './credentials.ts';
import type { Endpoint } from './endpoint.ts';
import { KubeError } from './error.ts';
import { isLoopback } from './loopback.ts';

/** The server ends connections without requests after 90 seconds or more: ours end before, so that none ends under a request. */
const idleSocketMs = 55_000;

/** TCP asks a silent peer after this time, and gives up some ten seconds later. */
const keepAliveProbeMs = 20_000;

/** The kept connections to one server, of the client certificate that is in use. */
export class Agents {
  readonly #endpoint: Endpoint;
  #current: { certificate: ClientCertificate | undefined; agent: Promise<HttpAgent> } | undefined;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** @throws KubeError 'BadConfig' where a certificate cannot be used */
  for(certificate: ClientCertificate | undefined): Promise<HttpAgent> {
    if (this.#current && this.#current.certificate === certificate) return this.#current.agent;
    // What the old certificate was for ends with its requests.
    this.#current?.agent.then(endIdle, () => {});
    const agent = this.#make(certificate);
    this.#current = { certificate, agent };
    return agent;
  }

  close(): void {
    this.#current?.agent.then(
      (agent) => agent.destroy(),
      () => {},
    );
    this.#current = undefined;
  }

  async #make(certificate: ClientCertificate | undefined): Promise<HttpAgent> {
    const { agent, proxyUrl, ca, insecure, tlsServerName, origin, server } = this.#endpoint;
    if (agent) return agent(certificate);
    const common = {
      keepAlive: true,
      keepAliveMsecs: keepAliveProbeMs,
      timeout: idleSocketMs,
      ...(proxyUrl !== undefined ? { proxyEnv: { HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl } } : isLoopback(server) ? {} : { proxyEnv: process.env }),
    };
    if (server.startsWith('http:')) return new HttpAgent(common);
    try {
      return new HttpsAgent({
        ...common,
        // Parsed once, here: an agent with the certificates themselves parses them for each connection, and compares them for each request.
        secureContext: createSecureContext({ ca: ca ?? (insecure ? undefined : trusted()), ...certificate }),
        rejectUnauthorized: !insecure,
        ...(tlsServerName ? { servername: tlsServerName } : {}),
      });
    } catch (error) {
      throw new KubeError(`a certificate or key from ${origin} cannot be used: ${(error as Error).message}`, {
        reason: 'BadConfig',
        help: 'Certificates and keys are PEM; those inside a kubeconfig (…-data) are base64 of PEM.',
        cause: error,
      });
    }
  }
}

function endIdle(agent: HttpAgent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

/** As kubectl: the authorities of the system, besides those that Node comes with. */
function trusted(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}
