import { fullName, named, type ProxyStatus, proxyStatuses, stateNames } from '../../envoy/xds/proxy-statuses.ts';
import { quietGrpc } from '../../envoy/xds/quiet-grpc.ts';
import { fetchClientStatus } from '../../envoy/xds/status-client.ts';
import { knownNames } from '../../manifest/known-names.ts';
import { nearest } from '../../manifest/nearest.ts';
import { CliError, exitCode } from '../exit.ts';
import { parseChoice, parseMilliseconds } from '../proxy/flags.ts';
import { addressText, parseXdsAddress } from '../proxy/xds-address.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { formatted } from '../translate/output.ts';
import { statusDetail, statusTable } from './text.ts';

/** Flags of `weft proxy-status` as commander gives them. */
export interface ProxyStatusFlags {
  namespace?: string;
  xdsAddress: string;
  output: string;
  timeout: string;
  color?: boolean;
}

/**
 * Prints what a control plane says of its proxies: of all, or of those with a name.
 *
 * @returns 0, as the reference does, whatever state they are in
 * @throws CliError where the control plane cannot be asked, or has no such proxy
 */
export async function runProxyStatus(name: string | undefined, flags: ProxyStatusFlags): Promise<number> {
  const format = parseChoice('output', flags.output, ['table', 'json', 'yaml']);
  const timeoutMs = parseMilliseconds('timeout', flags.timeout);
  const address = addressText(parseXdsAddress(flags.xdsAddress));
  const all = proxyStatuses(await ask(address, timeoutMs)).filter(({ namespace }) => flags.namespace === undefined || namespace === flags.namespace);
  const proxies = name === undefined ? all : find(all, name, address, flags.namespace);
  if (format !== 'table') {
    write('stdout', formatted(proxies.map(plain), format));
    return exitCode.ok;
  }
  const style = await styleFor(wantsColour(flags.color, 'stdout'));
  if (name !== undefined) write('stdout', proxies.map((proxy) => statusDetail(proxy, Date.now(), style)).join('\n'));
  else if (proxies.length > 0) write('stdout', statusTable(proxies, style));
  else write('stderr', `No proxy${flags.namespace === undefined ? '' : ` of namespace ${flags.namespace}`} is connected to ${address}.\n`);
  return exitCode.ok;
}

async function ask(address: string, timeoutMs: number): ReturnType<typeof fetchClientStatus> {
  quietGrpc();
  try {
    return await fetchClientStatus(address, timeoutMs);
  } catch (error) {
    throw new CliError((error as Error).message, undefined, 'A control plane is started with weft xds serve -f DIR; --xds-address tells where it is.');
  }
}

/** @throws CliError where there is none */
function find(proxies: readonly ProxyStatus[], name: string, address: string, namespace: string | undefined): ProxyStatus[] {
  const found = named(proxies, name);
  if (found.length > 0) return found;
  // Most leave the namespace out.
  const names = new Map(proxies.map((proxy) => [proxy.name, fullName(proxy)]));
  const near = names.get(nearest(name, names.keys()) ?? '');
  const known = knownNames(name, proxies.map(fullName), 'There are');
  throw new CliError(
    `no proxy ${name}${namespace === undefined ? '' : ` of namespace ${namespace}`} is connected to ${address}`,
    undefined,
    proxies.length === 0 ? 'No other one is, either.' : near === undefined || known.startsWith('Did') ? known : `Did you mean ${near}? ${known}`,
  );
}

/** For programs. */
function plain({ name, namespace, id, proxy, protocol, types }: ProxyStatus) {
  const [program = '', version = ''] = proxy.split(' ');
  const time = (ms: number): string => new Date(ms).toISOString();
  return {
    name,
    namespace,
    id,
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
  };
}
