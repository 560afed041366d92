import type { AuthorizationCondition } from '../../../ir/authorization.ts';
import { parseIp } from '../ip.ts';
import type { Subject } from './subject.ts';

export type AddressCondition = AuthorizationCondition & { kind: 'source-ip' | 'remote-ip' | 'destination-ip' };

/** The address that a condition is about (SEC-R25). */
export function addressOf(kind: AddressCondition['kind'], subject: Subject): string {
  return kind === 'source-ip' ? subject.peerAddress : kind === 'remote-ip' ? subject.remoteAddress : subject.localAddress;
}

/** Addresses of the last request: its conditions ask for the same few again and again. */
const last = new Map<AddressCondition['kind'], { text: string; bytes: Uint8Array | undefined }>();

/** Its bytes; undefined where it is no IP address. */
export function addressBytes(kind: AddressCondition['kind'], subject: Subject): Uint8Array | undefined {
  const text = addressOf(kind, subject);
  let known = last.get(kind);
  if (known === undefined) {
    known = { text: '', bytes: undefined };
    last.set(kind, known);
  }
  if (known.text !== text) {
    known.text = text;
    known.bytes = parseIp(text);
  }
  return known.bytes;
}
