// The administration of a running proxy, on this machine or in a pod.
import { oneLine } from '../../analysis/report/terminal-text.ts';
import type { PodSpec } from '../../inject/pod.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { PodName } from '../../kube/port-forward.ts';
import { connectWith, isKubeError, toCliError } from '../cluster.ts';
import { AdminClient } from '../envoy/admin-client.ts';
import { CliError, usageError } from '../exit.ts';
import { proxyAdminPort } from '../pods/ports.ts';
import { parsePort } from '../proxy/flags.ts';
import { addressText, parseXdsAddress } from '../proxy/xds-address.ts';
import type { SourceFlags } from './source.ts';

/** `close` it at the end. */
export interface Admin {
  client: AdminClient;
  /** As messages name it. */
  name: string;
  /** What to do where nobody answers. */
  unanswered(): Promise<string>;
  close(): void;
}

export const notAdmin = 'That has to be the administration of a sidecar or an Envoy (weft proxy run --admin-port, by default 15000).';

/**
 * The administration of the proxy in a pod, or of that on this machine. Nothing is asked of it yet.
 *
 * @param pod undefined: on this machine
 * @throws CliError (usage), and for a pod that cannot be found
 */
export async function openAdmin(pod: string | undefined, flags: SourceFlags): Promise<Admin> {
  const port = parsePort('proxy-admin-port', flags.proxyAdminPort ?? String(proxyAdminPort));
  if (pod === undefined) return adminHere(port, flags);
  if (flags.proxyAdminAddress !== undefined)
    throw usageError(`--proxy-admin-address and the pod ${pod} are two proxies: give one`, '--proxy-admin-port is the port in the pod.');
  const { parsePodTarget } = await import('../pods/pod-name.ts');
  const target = parsePodTarget(pod);
  const client = await connectWith(flags, 'Without a name, the proxy is the one on this machine.');
  try {
    const { findPod } = await import('../pods/find-pod.ts');
    return await adminOfPod(client, await findPod(client, target, flags.namespace ?? client.namespace), port, () => client.close());
  } catch (error) {
    client.close();
    throw toCliError(error);
  }
}

/**
 * The administrations of all sidecars in pods with labels.
 *
 * @param pod as it was named beside the labels, which is one too many
 * @throws CliError (usage), and where there is none
 */
export async function adminsWith(pod: string | undefined, selector: string, flags: SourceFlags): Promise<{ admins: Admin[]; close(): void }> {
  if (pod !== undefined) throw usageError(`--selector and the pod ${pod} are two wishes: give one`);
  if (flags.proxyAdminAddress !== undefined) throw usageError('--proxy-admin-address is no pod that --selector selects: give one');
  const port = parsePort('proxy-admin-port', flags.proxyAdminPort ?? String(proxyAdminPort));
  const client = await connectWith(flags);
  try {
    const [{ isRunning, listPods }, { sidecarOf }] = await Promise.all([import('../../kube/pods.ts'), import('../../inject/pod.ts')]);
    const namespace = flags.namespace ?? client.namespace;
    const pods = (await listPods(client, selector, namespace)).filter((one) => isRunning(one) && sidecarOf(one.spec as unknown as PodSpec));
    if (pods.length === 0) throw new CliError(`no pod with a sidecar runs in namespace ${namespace} that has the labels ${selector}`);
    const admins = await Promise.all(pods.map(({ metadata: { name = '' } }) => adminOfPod(client, { namespace, name }, port)));
    return { admins, close: () => client.close() };
  } catch (error) {
    client.close();
    throw toCliError(error);
  }
}

/** @param close when it is not needed any more */
export async function adminOfPod(client: KubeClient, pod: PodName, port: number, close: () => void = () => {}): Promise<Admin> {
  const [{ wayIntoPod }, { whyNoProxy }] = await Promise.all([import('../pods/in-pod.ts'), import('../pods/why-no-proxy.ts')]);
  return {
    client: new AdminClient(wayIntoPod(client, pod, port)),
    name: `pod ${pod.namespace}/${pod.name}`,
    unanswered: () => whyNoProxy(client, pod, port),
    close,
  };
}

function adminHere(port: number, { proxyAdminAddress, proxyAdminPort: given }: SourceFlags): Admin {
  if (proxyAdminAddress !== undefined && given !== undefined) throw usageError('--proxy-admin-address and --proxy-admin-port say the same: give one');
  const address = proxyAdminAddress === undefined ? { address: '127.0.0.1', port } : parseXdsAddress(proxyAdminAddress, 'proxy-admin-address');
  return {
    client: new AdminClient(address),
    name: addressText(address),
    unanswered: async () =>
      'A proxy has its administration there when it runs on this machine (weft proxy run); --proxy-admin-address names another place, and a name one in a pod: weft pc routes NAME.NAMESPACE.',
    close: () => {},
  };
}

/** @throws CliError that says why there is no answer */
export async function ask<T>(admin: Admin, request: () => Promise<T>, help = notAdmin): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (isKubeError(error)) {
      const more = ['PortRefused', 'NotFound', 'PodNotRunning'].includes(error.reason) ? await admin.unanswered() : '';
      throw more === '' ? toCliError(error) : new CliError(error.message, undefined, more);
    }
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED' || code === 'ENOENT') throw new CliError(`nobody listens on ${admin.name}`, undefined, await admin.unanswered());
    throw new CliError(`cannot ask ${admin.name}: ${oneLine(message.split('\n', 1)[0] ?? '')}`, undefined, help);
  }
}
