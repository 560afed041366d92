import { randomBytes } from 'node:crypto';
import type { Credentials, NamedCredentials, WorkloadCredentials } from './credentials.ts';

/** All that a data plane has at one moment. Plain data: threads are sent it. */
export interface CredentialSnapshot {
  workload?: WorkloadCredentials | undefined;
  /** By the names of `credential-names.ts`. */
  named: Readonly<Record<string, NamedCredentials>>;
  /** Random bytes that threads have in common, for sessions that go on with another one. */
  sessionSecret: Uint8Array;
}

/** What somebody else got, as of the last time that they said so. */
export class HeldCredentials implements Credentials {
  private snapshot: CredentialSnapshot = { named: {}, sessionSecret: randomBytes(32) };
  private readonly listeners = new Set<() => void>();

  workload(): WorkloadCredentials | undefined {
    return this.snapshot.workload;
  }

  named(name: string): NamedCredentials | undefined {
    return Object.hasOwn(this.snapshot.named, name) ? this.snapshot.named[name] : undefined;
  }

  get sessionSecret(): Uint8Array {
    return this.snapshot.sessionSecret;
  }

  set(snapshot: CredentialSnapshot): void {
    this.snapshot = snapshot;
    for (const listener of this.listeners) listener();
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
