import type { SecretContent } from '../envoy/secrets.ts';
import type { Credentials, NamedCredentials, WorkloadCredentials } from '../proxy/tls/credentials.ts';

/** Secrets that a control plane gives to this proxy: those that its table names. */
export class ControlPlaneSecrets implements Credentials {
  private found: ReadonlyMap<string, SecretContent> = new Map();
  private readonly listeners = new Set<() => void>();

  /** @param found by `NAMESPACE/NAME` */
  set(found: ReadonlyMap<string, SecretContent>): void {
    this.found = found;
    for (const listener of this.listeners) listener();
  }

  workload(): WorkloadCredentials | undefined {
    return undefined;
  }

  named(name: string): NamedCredentials | undefined {
    return this.found.get(name);
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
