import { type ProxyStatus, proxyStatuses } from '../../envoy/xds/proxy-statuses.ts';
import { quietGrpc } from '../../envoy/xds/quiet-grpc.ts';
import { fetchClientStatus } from '../../envoy/xds/status-client.ts';
import { compareText } from '../../manifest/compare-text.ts';
import { type ControlPlane, type Replica, whySilent } from '../control-plane/replica.ts';
import { CliError } from '../exit.ts';

/** A connected proxy, and the replica that it is connected to. */
export interface ServedProxy extends ProxyStatus {
  replica: Replica;
}

export interface Answers {
  /** By name. */
  proxies: ServedProxy[];
  /** Why replicas did not answer, a sentence each. */
  silent: string[];
}

/**
 * Asks all replicas of a control plane which proxies they have.
 *
 * @throws CliError where none of them answers
 */
export async function askReplicas(controlPlane: ControlPlane, timeoutMs: number): Promise<Answers> {
  quietGrpc();
  const replicas = await controlPlane.replicas();
  const silent: string[] = [];
  const proxies = await Promise.all(
    replicas.map(async (replica): Promise<ServedProxy[]> => {
      try {
        return proxyStatuses(await fetchClientStatus(replica.address, timeoutMs)).map((proxy) => ({ ...proxy, replica }));
      } catch (error) {
        silent.push(whySilent(replica, error as Error));
        return [];
      }
    }),
  );
  if (silent.length > 0 && silent.length === replicas.length) throw new CliError(silent.join('\n'), undefined, controlPlaneHelp(replicas));
  return { proxies: proxies.flat().sort((a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name) || compareText(a.id, b.id)), silent };
}

function controlPlaneHelp([replica]: readonly Replica[]): string {
  return replica?.pod
    ? 'weft x wait and kubectl get pods -n NAMESPACE -l app=weft-controller tell of its pods.'
    : 'A control plane is started with weft xds serve -f DIR; --xds-address tells where it is.';
}
