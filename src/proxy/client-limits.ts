/** How long clients may take; 0: without end. Absent: as docs/proxy-limits.md says. */
export interface ClientLimits {
  /** HTTP/1: from the first byte of a head to its end. HTTP/2: for the preface, and for a header block that began. */
  headersTimeoutMs?: number;
  /** HTTP/1: no byte of a body that is owed, or none taken of a response. */
  stallTimeoutMs?: number;
  /** HTTP/1: a body is held back because its endpoint does not take it. */
  heldTimeoutMs?: number;
  /** Without a request, where the listener does not say. */
  idleTimeoutMs?: number;
  /** TLS: from the first byte of a ClientHello to its end, and from there to the end of the handshake. */
  handshakeTimeoutMs?: number;
}
