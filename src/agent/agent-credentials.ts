import type { Credentials, NamedCredentials, WorkloadCredentials } from '../proxy/tls/credentials.ts';
import { FileCredentials } from '../proxy/tls/file-credentials.ts';

/** What an agent has for the Envoy beside it: the identity of its workload, and the files that Envoy asks for by name. */
export class AgentCredentials implements Credentials {
  private readonly identity: Credentials;
  private readonly files: FileCredentials;
  private readonly tell: (problem: string) => void;
  private told: readonly string[] = [];

  /** @param tell problems with files */
  constructor(identity: Credentials, tell: (problem: string) => void) {
    this.identity = identity;
    this.tell = tell;
    this.files = new FileCredentials(tell);
  }

  /** All that Envoy asks for. @returns when they were read */
  async want(names: readonly string[]): Promise<void> {
    await this.files.follow(names);
    const { problems } = this.files;
    for (const problem of problems) if (!this.told.includes(problem)) this.tell(`${problem}: connections that need it fail`);
    this.told = problems;
  }

  workload(): WorkloadCredentials | undefined {
    return this.identity.workload();
  }

  named(name: string): NamedCredentials | undefined {
    return this.files.named(name);
  }

  onChange(listener: () => void): () => void {
    const stops = [this.identity.onChange(listener), this.files.onChange(listener)];
    return () => {
      for (const stop of stops) stop();
    };
  }

  close(): void {
    this.files.close();
  }
}
