// The secrets that a proxy has of its control plane: what its table names, and what came of it.
import type { SecretReference } from '../secret-references.ts';
import type { SecretContent } from '../secrets.ts';
import type { DeltaResponse } from './client-messages.ts';
import { decodeSecret } from './secret-message.ts';

export class SecretReplica {
  private references: readonly SecretReference[] = [];
  private readonly held = new Map<string, { version: string; content: SecretContent }>();
  /** What was asked for on this stream, and whether there was a word about it. */
  private readonly asked = new Map<string, boolean>();

  /** Versions of what is here, by resource. */
  get versions(): ReadonlyMap<string, string> {
    return new Map([...this.held].map(([name, { version }]) => [name, version]));
  }

  /** Another stream begins: nothing was asked for on it yet. */
  restart(): void {
    this.asked.clear();
  }

  /** @returns what is to be asked for now, and what no more */
  want(references: readonly SecretReference[]): { subscribe: string[]; unsubscribe: string[] } {
    this.references = references;
    const names = new Set(references.map(({ resource }) => resource));
    const subscribe = [...names].filter((name) => !this.asked.has(name));
    const unsubscribe = [...this.asked.keys()].filter((name) => !names.has(name));
    for (const name of unsubscribe) this.asked.delete(name);
    for (const name of subscribe) this.asked.set(name, false);
    for (const name of this.held.keys()) if (!names.has(name)) this.held.delete(name);
    return { subscribe, unsubscribe };
  }

  /** Whether there was a word about all that was asked for. */
  get isAnswered(): boolean {
    return [...this.asked.values()].every(Boolean);
  }

  /**
   * One that was taken away stays as it was, as in Envoy: who deletes a Secret by mistake does not end what is served with it.
   *
   * @returns why the response is refused
   */
  update({ resources, removed }: Pick<DeltaResponse, 'resources' | 'removed'>): string | undefined {
    const problems: string[] = [];
    for (const { name, version, bytes } of resources) {
      if (!this.asked.has(name)) continue;
      this.asked.set(name, true);
      if (!bytes) continue;
      try {
        this.held.set(name, { version, content: decodeSecret(bytes) });
      } catch {
        problems.push(`${name} cannot be read`);
      }
    }
    for (const name of removed) if (this.asked.has(name)) this.asked.set(name, true);
    return problems.length > 0 ? problems.join('; ') : undefined;
  }

  /** By `NAMESPACE/NAME`; roots that go with a certificate are at its name with `-cacert`. */
  contents(): Map<string, SecretContent> {
    const found = new Map<string, SecretContent>();
    for (const { resource, secret, what } of this.references) {
      const { content } = this.held.get(resource) ?? {};
      if (!content) continue;
      const { pair, roots, crl } = content;
      const part = what === 'pair' ? { ...(pair ? { pair } : {}) } : { ...(roots === undefined ? {} : { roots }), ...(crl === undefined ? {} : { crl }) };
      found.set(secret, { ...found.get(secret), ...part });
    }
    return found;
  }
}
