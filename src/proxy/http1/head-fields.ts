import type { Headers } from '../core/headers.ts';
import { decimal } from './header-line.ts';
import { Kind } from './header-names.ts';
import { errors, type ProtocolError } from './protocol-error.ts';

/** What a head says, apart from its start line. */
export abstract class HeadFields {
  headers: Headers = [];
  /** 10 or 11. */
  minorVersion = 1;
  /** -1: none. */
  contentLength = -1;
  chunked = false;
  /** The connection header says `close`. */
  closes = false;
  /** The connection header says `keep-alive`. */
  keepsAlive = false;
  /** The connection header says `upgrade`. */
  upgrades = false;
  /** Value of the upgrade header; empty: none. */
  upgrade = '';
  /** Value of the host header; several are joined with a comma (SEL-R61). */
  host: string | undefined = undefined;

  protected resetFields(): void {
    this.headers = [];
    this.contentLength = -1;
    this.chunked = false;
    this.closes = false;
    this.keepsAlive = false;
    this.upgrades = false;
    this.upgrade = '';
    this.host = undefined;
  }

  /** A header that the codec reads. */
  protected note(kind: Kind, value: string): ProtocolError | undefined {
    switch (kind) {
      case Kind.contentLength: {
        if (this.contentLength >= 0) return errors.contentLengthTwice;
        const length = decimal(value);
        if (length < 0) return errors.contentLength;
        this.contentLength = length;
        return undefined;
      }
      case Kind.transferEncoding:
        if (this.chunked || value.toLowerCase() !== 'chunked') return errors.transferEncoding;
        this.chunked = true;
        return undefined;
      case Kind.connection:
        this.noteConnection(value);
        return undefined;
      case Kind.host:
        this.host = this.host === undefined ? value : `${this.host},${value}`;
        return undefined;
      case Kind.upgrade:
        this.upgrade = this.upgrade === '' ? value : `${this.upgrade},${value}`;
        return undefined;
      default:
        return undefined;
    }
  }

  private noteConnection(value: string): void {
    if (value === 'keep-alive') {
      this.keepsAlive = true;
      return;
    }
    for (const option of value.toLowerCase().split(',')) {
      const name = option.trim();
      if (name === 'close') this.closes = true;
      else if (name === 'keep-alive') this.keepsAlive = true;
      else if (name === 'upgrade') this.upgrades = true;
    }
  }
}
