import { chainsOf, type Listener } from '../ir/listener.ts';
import { ChainMatcher } from './core/chain-match.ts';
import type { DetectionOptions } from './tcp/detect.ts';

/** In milliseconds, 0 for none. */
interface Timeouts {
  /** Of a connection that has not said what it speaks, where its listener has no time for it. */
  idleTimeoutMs: number;
  /** For a ClientHello that has begun. */
  helloTimeoutMs: number;
}

/** A listener of the table in force. */
export class ActiveListener {
  readonly listener: Listener;
  readonly matcher: ChainMatcher;
  /** Of a connection that has not said yet what it is; 0: none. */
  readonly idleTimeoutMs: number;
  private readonly helloTimeoutMs: number;
  private readonly detections = new Map<number, DetectionOptions>();

  constructor(listener: Listener, { idleTimeoutMs: defaultIdleTimeoutMs, helloTimeoutMs }: Timeouts) {
    this.listener = listener;
    this.helloTimeoutMs = helloTimeoutMs;
    this.matcher = new ChainMatcher(listener);
    const timeouts = chainsOf(listener).map(({ filter }) => filter.idleTimeoutMs ?? defaultIdleTimeoutMs);
    this.idleTimeoutMs = timeouts.includes(0) ? 0 : Math.max(...timeouts, 0);
  }

  /**
   * What of the first bytes decides for connections to a port: only that is waited for, since on a port whose server speaks first
   * nothing comes. Where every chain is HTTP, HTTP/1 and HTTP/2 are still to be told apart.
   */
  detectionAt(port: number): DetectionOptions {
    const known = this.detections.get(port);
    if (known) return known;
    const { chains, defaultChain, detectionTimeoutMs } = this.listener;
    const ofPort = chains.filter(({ match }) => match.destinationPort === port);
    const asked = ofPort.length > 0 ? ofPort : chains.filter(({ match }) => match.destinationPort === undefined);
    const plain = [...asked, ...(defaultChain ? [defaultChain] : [])].filter(({ match, tls }) => match.transport !== 'tls' && !tls);
    const named = asked.some(({ match: { applicationProtocols = [] } }) => applicationProtocols.includes('http/1.1') || applicationProtocols.includes('h2c'));
    const onlyTls = plain.length === 0 && asked.length > 0;
    const onlyHttp = plain.length > 0 && plain.every(({ filter }) => filter.kind === 'http');
    const detection: DetectionOptions = {
      http: named || (onlyHttp && 'preface'),
      tls: onlyTls ? 'only' : asked.some(({ match, tls }) => match.transport === 'tls' || match.serverNames !== undefined || tls !== undefined),
      timeoutMs: detectionTimeoutMs,
      idleTimeoutMs: this.idleTimeoutMs,
      helloTimeoutMs: this.helloTimeoutMs,
    };
    this.detections.set(port, detection);
    return detection;
  }
}
