import type { Clock } from '../../envoy/xds/clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ScopeLog } from '../../proxy/telemetry/log.ts';
import type { MeshState } from '../mesh-state.ts';
import type { ControllerMetrics } from '../monitoring/metrics.ts';
import { isOfRevision, istioKinds } from '../watch/watched-kinds.ts';
import { mergedConditions, wantedConditions } from './conditions.ts';
import { applyConditions, StatusWriter } from './status-writer.ts';
import { kindsInTables, TableStatuses } from './table-statuses.ts';

export interface StatusKeeperSettings {
  client: KubeClient;
  revision: string;
  state: MeshState;
  /** Objects of a kind, by `namespace/name`. */
  store(kind: string): ReadonlyMap<string, KubeObject>;
  mayWrite(): boolean;
  clock: Clock;
  metrics: ControllerMetrics;
  log: ScopeLog;
}

/** Kinds whose objects have conditions. The status of a WorkloadEntry tells its health, and is of who checks that. */
export const kindsWithConditions: ReadonlySet<string> = new Set(istioKinds.filter((kind) => kind !== 'WorkloadEntry'));

/** Keeps the conditions of users' objects: written by the replica that leads, where they say something new. */
export class StatusKeeper {
  private readonly settings: StatusKeeperSettings;
  private readonly tables = new TableStatuses();
  private readonly writer: StatusWriter;
  private readonly changed = new Set<string>();

  constructor(settings: StatusKeeperSettings) {
    this.settings = settings;
    const { client, clock, metrics, log, mayWrite } = settings;
    this.writer = new StatusWriter({
      write: (object, conditions) => applyConditions(client, object, conditions),
      wanted: (identity) => this.wanted(identity),
      mayWrite,
      clock,
      written: (result) => metrics.count('weft_status_writes_total', [result]),
      problem: (error) => log.warning(`conditions cannot be written, which is tried again: ${error.message}`),
    });
  }

  /** An object came, changed or went. */
  touch(kind: string, namespace: string, name: string): void {
    if (kindsWithConditions.has(kind)) this.changed.add(`${kind} ${namespace}/${name}`);
  }

  /** The mesh is up to date: tables are looked at, where this replica leads. */
  look(): void {
    const { state, mayWrite } = this.settings;
    const touched = [...this.changed];
    this.changed.clear();
    if (!mayWrite() || !state.isReady) return;
    this.writer.add(touched);
    this.writer.add(this.tables.update(state.mesh));
  }

  /** This replica leads from now on, or does not any more. */
  lead(leads: boolean): void {
    if (!leads) {
      this.writer.forget();
      return;
    }
    for (const kind of kindsWithConditions) for (const key of this.settings.store(kind).keys()) this.changed.add(`${kind} ${key}`);
    this.look();
  }

  stop(): void {
    this.writer.stop();
  }

  private wanted(identity: string): { object: KubeObject; conditions: unknown[] } | undefined {
    const { state, store, revision, clock } = this.settings;
    const blank = identity.indexOf(' ');
    const kind = identity.slice(0, blank);
    const object = store(kind).get(identity.slice(blank + 1));
    if (!object || object.metadata.deletionTimestamp !== undefined || !isOfRevision(kind, object.metadata.labels, revision)) return undefined;
    const judged = state.judged.get(identity);
    const wanted = wantedConditions({
      revision,
      generation: object.metadata.generation ?? 0,
      verdict: judged?.verdict,
      ...(judged ? { isLeftOut: judged.isLeftOut } : {}),
      statuses: kindsInTables.has(kind) ? this.tables.of(identity) : undefined,
    });
    const conditions = mergedConditions(object.status, wanted, new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z'));
    return conditions && { object, conditions };
  }
}
