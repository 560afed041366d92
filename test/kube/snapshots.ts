// States of a test cluster to come back to.
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestCluster } from './cluster.ts';

/** Both need a moment without the cluster: it is killed, and started again. */
export class Snapshots {
  private readonly cluster: TestCluster;

  constructor(cluster: TestCluster) {
    this.cluster = cluster;
  }

  async take(name: string): Promise<void> {
    await this.cluster.kill();
    cpSync(this.database, this.copy(name), { recursive: true });
    await this.cluster.restart();
  }

  /** Clients that keep what they have read have to be ended before: versions of objects go back. */
  async restore(name: string): Promise<void> {
    await this.cluster.kill();
    rmSync(this.database, { recursive: true, force: true });
    cpSync(this.copy(name), this.database, { recursive: true });
    await this.cluster.restart();
  }

  private get database(): string {
    return join(this.cluster.dir, 'etcd');
  }

  private copy(name: string): string {
    return join(this.cluster.dir, `etcd-${name}`);
  }
}
