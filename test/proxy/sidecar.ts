import { realClock } from '../../src/proxy/real-clock.ts';
import { Sidecar, type SidecarOptions } from '../../src/proxy/sidecar.ts';
import { Metrics } from '../../src/proxy/telemetry/metrics.ts';
import { toClose } from './support.ts';

/** A sidecar in this process, on loopback, that ends with the test. Without ports for captured connections, unless they are given. */
export function testSidecar(options: Partial<SidecarOptions> = {}): Sidecar {
  const sidecar = new Sidecar({
    clock: realClock,
    bind: '127.0.0.1',
    outboundPort: 0,
    inboundPort: 0,
    reusePort: false,
    metrics: (table) => new Metrics(table),
    accessLog: () => {},
    ...options,
  });
  toClose({
    close: () => {
      sidecar.drain();
      sidecar.destroy();
    },
  });
  return sidecar;
}
