import type { Balancer, ChooseContext } from './choose.ts';
import type { Host } from './host.ts';
import { hostKey } from './shared-state.ts';

/** How long an address that nobody asks for is kept. */
const sweepMs = 5_000;

/** What makes and drops the endpoint of an address. */
export interface HostMaker {
  addHost(address: string, port: number): Host;
  removeHost(host: Host): void;
}

/** Sends to where the client meant to connect; an endpoint is made for each address that is asked for, and dropped when it is idle. */
export class OriginalDestinationBalancer implements Balancer {
  private readonly hosts = new Map<string, Host>();
  private readonly used = new Set<Host>();
  private readonly maker: HostMaker;
  private swept = 0;

  constructor(maker: HostMaker) {
    this.maker = maker;
  }

  /** Endpoints of the table do not matter. */
  refresh(): void {}

  choose(context: ChooseContext | undefined): Host | undefined {
    const destination = context?.destination;
    if (destination === undefined) return undefined;
    const key = hostKey(destination.address, destination.port);
    let host = this.hosts.get(key);
    if (host === undefined) {
      host = this.maker.addHost(destination.address, destination.port);
      this.hosts.set(key, host);
    }
    this.used.add(host);
    return host;
  }

  tick(now: number): void {
    if (now - this.swept < sweepMs) return;
    this.swept = now;
    for (const [key, host] of this.hosts) {
      if (this.used.has(host) || host.active > 0 || host.activeConnections > 0) continue;
      this.hosts.delete(key);
      this.maker.removeHost(host);
    }
    this.used.clear();
  }
}
