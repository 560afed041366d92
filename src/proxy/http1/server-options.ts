import { defaultLimits, type MessageLimits } from './message-parser.ts';

export interface ServerOptions extends MessageLimits {
  /** Value of `server` in what the codec answers by itself: `envoy` at sidecars outbound, `istio-envoy` else. */
  serverName: string;
  /** HTTP/1.0 is accepted; else it is answered with 426 (LR-R19). */
  http10: boolean;
  /** Upgrades that may become tunnels, in lower case; others are requests like all others (RT-R48). */
  upgrades: readonly string[];
  /** From the first byte of a request to the end of its head; 0: without end. */
  headersTimeoutMs: number;
  /** A connection without a request; 0: without end. */
  idleTimeoutMs: number;
  /** The client owes bytes of a body and sends none, or takes none of a response; 0: without end. */
  stallTimeoutMs: number;
  /** A body is held back because its endpoint does not take it; 0: without end. */
  heldTimeoutMs: number;
  /** At least 1: what the client has to close the connection after the last response (RT-R51). */
  closeDelayMs: number;
}

export const defaultServerOptions: ServerOptions = {
  ...defaultLimits,
  serverName: 'envoy',
  http10: false,
  upgrades: ['websocket'],
  headersTimeoutMs: 60_000,
  idleTimeoutMs: 3_600_000,
  stallTimeoutMs: 300_000,
  heldTimeoutMs: 3_600_000,
  closeDelayMs: 1000,
};
