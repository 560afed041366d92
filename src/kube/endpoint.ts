import type { Agent } from 'node:http';
import type { ClientCertificate } from './credentials.ts';
import type { ServerName } from './status.ts';

/** An API server, and how connections to it are made. */
export interface Endpoint extends ServerName {
  /** PEM; absent: the authorities that Node trusts. */
  ca?: Buffer | undefined;
  /** Whoever answers is trusted. */
  insecure?: boolean | undefined;
  /** Name in the certificate, where it is not the host of the URL. */
  tlsServerName?: string | undefined;
  /** URL of an HTTP proxy; absent: as the environment says (`HTTPS_PROXY`, `NO_PROXY`). */
  proxyUrl?: string | undefined;
  /** Answers may be compressed: worth it over a network, not beside the server. */
  compress?: boolean | undefined;
  /** Makes connections through proxies that Node has no agent for. */
  agent?: ((certificate: ClientCertificate | undefined) => Promise<Agent>) | undefined;
}
