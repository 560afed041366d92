import { fullName, isCalled, stateNames } from '../../envoy/xds/proxy-statuses.ts';
import type { KubeClient } from '../../kube/client.ts';
import { knownNames } from '../../manifest/known-names.ts';
import { nearest } from '../../manifest/nearest.ts';
import type { PartComparison } from '../../proxy-config/comparison.ts';
import { isKubeError } from '../cluster.ts';
import { type ControlPlaneFlags, openControlPlane } from '../control-plane/open.ts';
import { CliError, exitCode } from '../exit.ts';
import { parseChoice, parseMilliseconds } from '../proxy/flags.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { formatted } from '../translate/output.ts';
import { askReplicas, type ServedProxy } from './ask.ts';
import { comparisonText, statusDetail, statusTable } from './text.ts';

/** Flags of `weft proxy-status` as commander gives them. */
export interface ProxyStatusFlags extends ControlPlaneFlags {
  namespace?: string;
  output: string;
  timeout: string;
  color?: boolean;
}

/** A proxy, and how it compares with what its controller has for it; undefined where that is not known. */
interface Shown {
  proxy: ServedProxy;
  comparison: readonly PartComparison[] | undefined;
}

/**
 * Prints what a control plane says of its proxies: of all, or of those with a name, which are asked themselves, too, where they are in a
 * cluster.
 *
 * @returns 0, as the reference does, whatever state they are in; 1 where a replica of the control plane does not answer
 * @throws CliError where the control plane cannot be asked, or has no such proxy
 */
export async function runProxyStatus(name: string | undefined, flags: ProxyStatusFlags): Promise<number> {
  const format = parseChoice('output', flags.output, ['table', 'json', 'yaml']);
  const timeoutMs = parseMilliseconds('timeout', flags.timeout);
  const { controlPlane, client, close } = await openControlPlane(flags);
  const server = client ? `the control plane in ${controlPlane.place}` : controlPlane.place;
  let silent: readonly string[] = [];
  const shown: Shown[] = [];
  try {
    const answers = await askReplicas(controlPlane, timeoutMs);
    silent = answers.silent;
    for (const why of silent) write('stderr', `warning: ${why}\n`);
    const all = answers.proxies.filter(({ namespace }) => flags.namespace === undefined || namespace === flags.namespace);
    const wanted = name === undefined || !client ? name : await podNamed(client, name, flags.namespace);
    for (const proxy of wanted === undefined ? all : find(all, wanted, server, flags.namespace)) {
      let comparison: PartComparison[] | undefined;
      if (name !== undefined && client) {
        const { compareProxy } = await import('./compare.ts');
        comparison = await compareProxy(client, proxy).catch(notCompared);
      }
      shown.push({ proxy, comparison });
    }
  } finally {
    await close();
  }
  const exit = silent.length > 0 ? exitCode.error : exitCode.ok;
  if (format !== 'table') {
    write('stdout', formatted(shown.map(plain), format));
    return exit;
  }
  const style = await styleFor(wantsColour(flags.color, 'stdout'));
  const detail = ({ proxy, comparison }: Shown): string =>
    `${statusDetail(proxy, Date.now(), style)}${comparison ? `\n${comparisonText(comparison, style)}` : ''}`;
  if (name !== undefined) write('stdout', shown.map(detail).join('\n'));
  else if (shown.length > 0)
    write(
      'stdout',
      statusTable(
        shown.map(({ proxy }) => proxy),
        style,
      ),
    );
  else write('stderr', `No proxy${flags.namespace === undefined ? '' : ` of namespace ${flags.namespace}`} is connected to ${server}.\n`);
  return exit;
}

/** The name of a proxy, where what has pods is named: `deploy/cart.shop`. */
async function podNamed(client: KubeClient, name: string, namespace: string | undefined): Promise<string> {
  if (!name.includes('/') || name.includes('~')) return name;
  const [{ parsePodTarget }, { findPod }] = await Promise.all([import('../pods/pod-name.ts'), import('../pods/find-pod.ts')]);
  const target = parsePodTarget(name);
  if (!target.owner) return target.namespace === undefined ? target.name : `${target.name}.${target.namespace}`;
  const pod = await findPod(client, target, namespace ?? client.namespace);
  return `${pod.name}.${pod.namespace}`;
}

/** What the control plane says is there all the same. */
function notCompared(error: unknown): undefined {
  if (!(error instanceof CliError) && !isKubeError(error)) throw error;
  write('stderr', `Note: not compared with what the proxy has: ${[error.message, error.help].filter(Boolean).join('. ')}\n`);
}

/** @throws CliError where there is none */
function find(proxies: readonly ServedProxy[], name: string, server: string, namespace: string | undefined): ServedProxy[] {
  const found = proxies.filter((proxy) => isCalled(proxy, name));
  if (found.length > 0) return found;
  // Most leave the namespace out.
  const names = new Map(proxies.map((proxy) => [proxy.name, fullName(proxy)]));
  const near = names.get(nearest(name, names.keys()) ?? '');
  const known = knownNames(name, proxies.map(fullName), 'There are');
  throw new CliError(
    `no proxy ${name}${namespace === undefined ? '' : ` of namespace ${namespace}`} is connected to ${server}`,
    undefined,
    proxies.length === 0 ? 'No other one is, either.' : near === undefined || known.startsWith('Did') ? known : `Did you mean ${near}? ${known}`,
  );
}

/** For programs. */
function plain({ proxy: { name, namespace, id, proxy, protocol, types, replica }, comparison }: Shown) {
  const [program = '', version = ''] = proxy.split(' ');
  const time = (ms: number): string => new Date(ms).toISOString();
  return {
    name,
    namespace,
    id,
    ...(replica.pod ? { controller: replica.name } : {}),
    proxy: { program, version },
    protocol,
    types: types.map(({ name: type, typeUrl, state, version: acknowledged, answeredAt, refusal }) => ({
      type,
      typeUrl,
      status: stateNames[state],
      version: acknowledged,
      ...(answeredAt === undefined ? {} : { answeredAt: time(answeredAt) }),
      ...(refusal ? { refusal: { ...refusal, time: time(refusal.time) } } : {}),
    })),
    ...(comparison ? { comparison } : {}),
  };
}
