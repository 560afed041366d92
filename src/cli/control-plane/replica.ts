/** One process of a control plane, and how it is asked. */
export interface Replica {
  /** Of its pod; of one that was named by its address, that. */
  name: string;
  /** Where its xDS port is, as gRPC takes it: `HOST:PORT` or `unix:PATH`. */
  address: string;
  /** Undefined where it was named by its address. */
  pod: ReplicaPod | undefined;
  /** Why the last connection to it failed, which its user sees as one that was cut; undefined: nothing is known. */
  failure(): Error | undefined;
}

export interface ReplicaPod {
  namespace: string;
  name: string;
  uid: string;
  revision: string;
  /** One that is not either starts, or has too much to do, or ends. */
  isReady: boolean;
  isTerminating: boolean;
}

/** The replicas of a control plane. */
export interface ControlPlane {
  /** For messages: `127.0.0.1:15010`, `namespace istio-system`. */
  readonly place: string;
  /**
   * The replicas that there are at this moment, in all revisions that are asked for, by revision and name. A replica that was there
   * before is the same object.
   *
   * @throws CliError where there is none, or no way to one
   */
  replicas(): Promise<readonly Replica[]>;
  /** Ends the connections to them. */
  close(): Promise<void>;
}

/** Why a replica does not answer. The address of one in a cluster is one of this machine, which nobody knows. */
export function whySilent({ name, pod, failure }: Replica, error: Error): string {
  if (!pod) return error.message;
  return failure()?.message ?? error.message.replace(/^\S+/, name);
}
