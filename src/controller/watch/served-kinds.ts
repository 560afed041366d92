import type { KubeClient, KubeResource } from '../../kube/client.ts';
import { KubeError } from '../../kube/error.ts';
import { servedAs } from '../../kube/load.ts';

/** What the cluster said within this time is not asked again: many kinds may be looked for at once. */
const freshMs = 5_000;

/** Which of the kinds that are wanted the cluster serves by now: their definitions may come later than the control plane. */
export class ServedKinds {
  private readonly client: Pick<KubeClient, 'resources' | 'resource'>;
  private readonly unknown: (problem: string) => void;
  private asked: { at: number; found: Promise<readonly KubeResource[]> } | undefined;
  private readonly told = new Set<string>();

  /** @param unknown is told once of each kind that the cluster serves in versions only that nothing is known of */
  constructor(client: Pick<KubeClient, 'resources' | 'resource'>, unknown: (problem: string) => void) {
    this.client = client;
    this.unknown = unknown;
  }

  /** @param kind by its name in src/manifest/kinds.ts. @returns undefined: it is not there, or in no version that is known */
  async find(kind: string): Promise<KubeResource | undefined> {
    const found = servedAs(await this.resources(), kind);
    if (!(found instanceof KubeError)) return found;
    if (!this.told.has(kind)) this.unknown(found.message);
    this.told.add(kind);
    return undefined;
  }

  private resources(): Promise<readonly KubeResource[]> {
    const now = performance.now();
    if (!this.asked || now - this.asked.at > freshMs) {
      const asked = { at: now, found: this.ask() };
      this.asked = asked;
      asked.found.catch(() => {
        if (this.asked === asked) this.asked = undefined;
      });
    }
    return this.asked.found;
  }

  private async ask(): Promise<readonly KubeResource[]> {
    // Any kind: it is the question that makes the client ask again.
    await this.client.resource('v1', 'Namespace', { fresh: true });
    return this.client.resources();
  }
}
