import { readFile } from 'node:fs/promises';
import { bearer, type Credentials, type Identity } from './credentials.ts';
import { KubeError } from './error.ts';

/** The kubelet writes a new token when a fifth of its time is left: a minute at the least. */
const freshMs = 60_000;

/** The token in a file that others renew, such as that of a service account in a pod. */
export class TokenFileCredentials implements Credentials {
  readonly #file: string;
  readonly #identity: Identity;
  #read: { at: number; token: Promise<string> } | undefined;

  /** @param identity what else is sent */
  constructor(file: string, identity: Identity = { headers: {} }) {
    this.#file = file;
    this.#identity = identity;
  }

  async current(): Promise<Identity> {
    if (!this.#read || Date.now() - this.#read.at > freshMs) this.#read = { at: Date.now(), token: this.#token() };
    const token = await this.#read.token;
    return { ...this.#identity, headers: { ...this.#identity.headers, ...bearer(token) } };
  }

  async renew(): Promise<boolean> {
    const before = await this.#read?.token.catch(() => undefined);
    this.#read = { at: Date.now(), token: this.#token() };
    return (await this.#read.token) !== before;
  }

  async #token(): Promise<string> {
    let text: string;
    try {
      text = (await readFile(this.#file, 'utf8')).trim();
    } catch (error) {
      this.#read = undefined;
      throw new KubeError(`the token file ${this.#file} cannot be read: ${(error as Error).message}`, { reason: 'BadCredentials', cause: error });
    }
    if (!text) throw new KubeError(`the token file ${this.#file} is empty`, { reason: 'BadCredentials' });
    return text;
  }
}
