import { X509Certificate } from 'node:crypto';
import { pairName, rootsName } from './credential-names.ts';
import type { Credentials, NamedCredentials, WorkloadCredentials } from './credentials.ts';
import { FileCredentials } from './file-credentials.ts';
import { uriNames } from './peer-certificate.ts';

export interface WorkloadPaths {
  certificate: string;
  key: string;
  /** By which peers are judged. */
  roots: string;
}

/** The identity of a workload from files that somebody else renews. */
export class WorkloadFiles implements Credentials {
  private readonly files: FileCredentials;
  private readonly names: { pair: string; roots: string };

  constructor({ certificate, key, roots }: WorkloadPaths, tell: (problem: string) => void) {
    this.files = new FileCredentials(tell);
    this.names = { pair: pairName(certificate, key), roots: rootsName(roots) };
  }

  /** @throws Error that says which file cannot be read, and why */
  async start(): Promise<void> {
    await this.files.follow([this.names.pair, this.names.roots]);
    const [problem] = this.files.problems;
    if (problem !== undefined) throw new Error(problem);
  }

  workload(): WorkloadCredentials | undefined {
    const pair = this.files.named(this.names.pair)?.pair;
    const roots = this.files.named(this.names.roots)?.roots;
    if (!pair || !roots) return undefined;
    const [spiffeId = ''] = uriNames(pair.certificateChain);
    return { ...pair, roots, spiffeId, expiresAt: new X509Certificate(pair.certificateChain).validToDate.getTime() };
  }

  named(): NamedCredentials | undefined {
    return undefined;
  }

  onChange(listener: () => void): () => void {
    return this.files.onChange(listener);
  }

  close(): void {
    this.files.close();
  }
}
