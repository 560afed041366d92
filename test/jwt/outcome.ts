// A request with tokens, and what became of it: the same for every proxy.

export interface TokenRequest {
  method?: string;
  /** Default: `/`. */
  path?: string;
  headers?: readonly (readonly [name: string, value: string])[];
}

export interface TokenOutcome {
  status: number;
  body: string;
  authenticate: string | undefined;
  details: string;
  /** As the service has it; absent where it was not asked. Claims: undefined without a token. */
  upstream?: { path: string; headers: readonly string[]; claims: unknown };
}

/** Headers that proxies and clients add by themselves. */
export const notCompared = /^(host|x-request-id|x-forwarded-proto|x-envoy-.*|x-test-claims|connection|content-length|transfer-encoding)$/;
