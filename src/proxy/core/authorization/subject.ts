import type { RequestView } from '../exchange-record.ts';

/**
 * Who asks for what, as policies see it; an `ExchangeRecord` is one. Of a connection without HTTP what is of a request is empty. An
 * empty text is a part that is not there.
 */
export interface Subject extends RequestView {
  /** Of the verified certificate of an mTLS peer; empty without. */
  readonly peerUriSans: readonly string[];
  readonly peerDnsSans: readonly string[];
  readonly peerSubject: string;
  /** Of the socket's peer (SEC-R25). */
  readonly peerAddress: string;
  /** Of the client: by x-forwarded-for, else the peer. */
  readonly remoteAddress: string;
  /** Where the client meant to connect. */
  readonly localAddress: string;
  readonly localPort: number;
  /** Of TLS. */
  readonly serverName: string;
}
