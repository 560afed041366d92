// Requests and connections of which a person asks what becomes of them. Plain data.

export interface SimulatedHttpRequest {
  kind?: 'http';
  /** `GET` */
  method: string;
  scheme: 'http' | 'https';
  /** Host header as the application sends it, with or without a port; absent: it sends none. */
  authority?: string | undefined;
  /** Request target: path with query. */
  path: string;
  /** In the order in which they are sent, names in any case; without Host. */
  headers?: readonly (readonly [name: string, value: string])[];
  /**
   * Port that the application connects to. Absent: that of the authority, else that of the scheme; where nobody has the host there
   * and the scheme is http, the first port that somebody has it on, one for HTTP before others.
   */
  port?: number | undefined;
  /** Name that it connects to, where it is not that of the authority. */
  host?: string | undefined;
  /** Address that it connects to. Absent: one of the service of the host. */
  address?: string | undefined;
  /** What is spoken; HTTP/1.1 unless something else is said. */
  version?: 'HTTP/1.1' | 'HTTP/2' | undefined;
  /** Server name of the ClientHello, where the scheme is https; absent: the host of the authority. */
  serverName?: string | undefined;
  /** Length of the body; absent: unknown, and small. */
  bodyBytes?: number | undefined;
  /** Address of the client as the proxy sees it. */
  client?: string | undefined;
  /** Payload of a token that is taken to be verified; absent: tokens are those of the headers and the path. */
  claims?: unknown;
}

export interface SimulatedTcpRequest {
  kind: 'tcp';
  /** That the application looks up. */
  host?: string | undefined;
  /** Address that it connects to. Absent: one of the service of the host. */
  address?: string | undefined;
  /** Address of the client as the proxy sees it. */
  client?: string | undefined;
  port: number;
  /** The first bytes are a ClientHello. */
  tls?: { serverName?: string | undefined; applicationProtocols?: readonly string[] } | undefined;
}

export type SimulatedRequest = SimulatedHttpRequest | SimulatedTcpRequest;

/** A connection that comes to the sidecar of a workload. */
export interface ArrivingConnection {
  /** Of the workload, as it is connected to; undefined: not known. */
  address: string | undefined;
  /** Port of the workload. */
  port: number;
  /** Absent: plain text. */
  tls?: {
    serverName: string;
    /** ALPN of the ClientHello. */
    applicationProtocols: readonly string[];
    /** URI names of the certificate that the client shows; empty: none. */
    peer: readonly string[] | 'unknown';
  };
}
