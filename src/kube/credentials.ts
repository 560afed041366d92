/** PEM. One object as long as it is the same certificate. */
export interface ClientCertificate {
  cert: string | Buffer;
  key: string | Buffer;
}

/** What a request says of who sends it. */
export interface Identity {
  headers: Readonly<Record<string, string | string[]>>;
  certificate?: ClientCertificate | undefined;
}

export interface Credentials {
  /**
   * Those for the next request; what has expired is fetched again.
   *
   * @throws KubeError 'BadCredentials' where they cannot be had
   */
  current(): Promise<Identity>;
  /**
   * After a 401.
   *
   * @returns whether `current` may say something else now
   */
  renew(): Promise<boolean>;
}

/** Those that never change. */
export class FixedCredentials implements Credentials {
  readonly #identity: Promise<Identity>;

  constructor(identity: Identity) {
    this.#identity = Promise.resolve(identity);
  }

  current(): Promise<Identity> {
    return this.#identity;
  }

  async renew(): Promise<boolean> {
    return false;
  }
}

export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** Who a request is sent as (`--as`), besides who sends it. */
export interface Impersonation {
  user?: string | undefined;
  groups?: readonly string[] | undefined;
  uid?: string | undefined;
  extra?: Readonly<Record<string, readonly string[]>> | undefined;
}
