import type { ServerState } from '../../proxy/admin/state.ts';
import type { AdminClient } from './admin-client.ts';

/** Whether an Envoy serves as it should. */
export class EnvoyReadiness {
  private readonly admin: AdminClient;
  /** It has its resources from a control plane: Envoy calls itself live, too, when it refuses the first ones. */
  private readonly awaitsResources: boolean;
  private configured = false;
  private isDraining = false;

  constructor(admin: AdminClient, { awaitsResources }: { awaitsResources: boolean }) {
    this.admin = admin;
    this.awaitsResources = awaitsResources;
  }

  draining(): void {
    this.isDraining = true;
  }

  async state(): Promise<ServerState> {
    if (this.isDraining) return 'DRAINING';
    if (this.awaitsResources && !this.configured) {
      this.configured = await this.hasTaken();
      if (!this.configured) return 'PRE_INITIALIZING';
    }
    return (await this.admin.ready()) ? 'LIVE' : 'INITIALIZING';
  }

  private async hasTaken(): Promise<boolean> {
    try {
      const counters = await this.admin.stats(/^(?:cluster_manager\.cds|listener_manager\.lds)\.update_success$/);
      return counters.size === 2 && [...counters.values()].every((count) => count > 0);
    } catch {
      // It has only just started.
      return false;
    }
  }
}
