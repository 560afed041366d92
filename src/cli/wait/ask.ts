import type { DistributionRequest } from '../../envoy/xds/control-plane-api.ts';
import { ControlPlaneClient } from '../../envoy/xds/control-plane-client.ts';
import { type ControlPlane, type Replica, whySilent } from '../control-plane/replica.ts';
import type { ReplicaAnswer } from './tally.ts';

export interface Round {
  answers: ReplicaAnswer[];
  /** Why replicas that serve proxies do not answer, a sentence each. */
  silent: string[];
}

/** One answer takes no longer, in milliseconds. */
const longestMs = 5_000;

/** Asks all replicas of a control plane, again and again, over one connection to each. */
export class ReplicaAsker {
  private readonly controlPlane: ControlPlane;
  private readonly clients = new Map<Replica, ControlPlaneClient>();

  constructor(controlPlane: ControlPlane) {
    this.controlPlane = controlPlane;
  }

  /** @throws CliError where there is no replica, or no way to one */
  async ask(requestOf: (replica: Replica) => DistributionRequest, leftMs: number): Promise<Round> {
    const replicas = await this.controlPlane.replicas();
    this.forget(new Set(replicas));
    const round: Round = { answers: [], silent: [] };
    const timeoutMs = Math.max(500, Math.min(longestMs, leftMs));
    await Promise.all(
      replicas.map(async (replica) => {
        try {
          round.answers.push({ name: replica.name, answer: await this.client(replica).distribution(requestOf(replica), timeoutMs) });
        } catch (error) {
          // It has yet to begin, and has no proxies.
          if (replica.pod && !replica.pod.isReady && isRefused(replica)) return;
          round.silent.push(whySilent(replica, error as Error));
        }
      }),
    );
    round.answers.sort((a, b) => (a.name < b.name ? -1 : 1));
    return round;
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
    this.clients.clear();
  }

  private client(replica: Replica): ControlPlaneClient {
    const known = this.clients.get(replica) ?? new ControlPlaneClient(replica.address);
    this.clients.set(replica, known);
    return known;
  }

  private forget(there: ReadonlySet<Replica>): void {
    for (const [replica, client] of this.clients) {
      if (there.has(replica)) continue;
      client.close();
      this.clients.delete(replica);
    }
  }
}

function isRefused({ failure }: Replica): boolean {
  return (failure() as { reason?: unknown } | undefined)?.reason === 'PortRefused';
}
