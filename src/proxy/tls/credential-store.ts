// All certificates of a proxy in one place: those of the table's names, wherever they come from.
import { randomBytes } from 'node:crypto';
import { credentialNames } from './credential-names.ts';
import type { Credentials, NamedCredentials, WorkloadCredentials } from './credentials.ts';
import { FileCredentials } from './file-credentials.ts';
import type { CredentialSnapshot } from './held-credentials.ts';

type Table = Parameters<typeof credentialNames>[0];

/** A secret for sessions is used this long at most. */
const secretMs = 12 * 60 * 60 * 1000;

export class CredentialStore implements Credentials {
  private readonly files: FileCredentials;
  private readonly sources: readonly Credentials[];
  private readonly listeners = new Set<() => void>();
  private readonly stops: readonly (() => void)[];
  private names: readonly string[] = [];
  private secrets: Readonly<Record<string, NamedCredentials>> = {};
  private sessionSecret = { bytes: randomBytes(32), madeAt: Date.now() };

  /**
   * @param sources asked in their order: of the workload, and of names
   * @param tell problems with files
   */
  constructor(sources: readonly Credentials[], tell: (problem: string) => void) {
    this.files = new FileCredentials(tell);
    this.sources = [...sources, this.files];
    const changed = (): void => {
      for (const listener of this.listeners) listener();
    };
    this.stops = this.sources.map((source) => source.onChange(changed));
  }

  /** What is wrong with files of the table: a line each. */
  get problems(): string[] {
    return this.files.problems;
  }

  /** Secrets and files of this table are to be had from now on. @param secrets by `NAMESPACE/NAME` */
  async follow(table: Table, secrets: Readonly<Record<string, NamedCredentials>>): Promise<void> {
    this.names = credentialNames(table);
    this.secrets = secrets;
    await this.files.follow(this.names);
  }

  workload(): WorkloadCredentials | undefined {
    return first(this.sources, (source) => source.workload());
  }

  named(name: string): NamedCredentials | undefined {
    return (Object.hasOwn(this.secrets, name) ? this.secrets[name] : undefined) ?? first(this.sources, (source) => source.named(name));
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** All that the table asks for. */
  snapshot(): CredentialSnapshot {
    const named: Record<string, NamedCredentials> = {};
    for (const name of this.names) {
      const found = this.named(name);
      if (found) named[name] = found;
    }
    if (Date.now() - this.sessionSecret.madeAt > secretMs) this.sessionSecret = { bytes: randomBytes(32), madeAt: Date.now() };
    return { workload: this.workload(), named, sessionSecret: this.sessionSecret.bytes };
  }

  close(): void {
    for (const stop of this.stops) stop();
    this.listeners.clear();
    this.files.close();
  }
}

function first<T>(sources: readonly Credentials[], ask: (source: Credentials) => T | undefined): T | undefined {
  for (const source of sources) {
    const found = ask(source);
    if (found !== undefined) return found;
  }
  return undefined;
}
