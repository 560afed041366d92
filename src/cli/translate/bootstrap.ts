import { adsBootstrap, type BootstrapOptions, staticBootstrap } from '../../envoy/bootstrap.ts';
import { configurationOf, patchedBootstrap } from '../../envoy/configuration.ts';
import type { JsonObject } from '../../envoy/json.ts';
import { nodeOf } from '../../envoy/node.ts';
import { staticResources } from '../../envoy/static.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import { asksForCluster } from '../cluster.ts';
import { checkBind } from '../envoy/bind.ts';
import { adminViews } from '../envoy/views.ts';
import { brokenExit, exitCode, usageError } from '../exit.ts';
import { printBroken } from '../proxy/broken.ts';
import { describedIdentity } from '../proxy/described.ts';
import { type ListenerFlags, type ManifestFlags, parseChoice } from '../proxy/flags.ts';
import { ManifestReader, type Manifests } from '../proxy/manifests.ts';
import { checkAccessLog, portsOf } from '../proxy/settings.ts';
import { originText, statusLines } from '../proxy/statuses.ts';
import { parseXdsAddress } from '../proxy/xds-address.ts';
import { write } from '../terminal.ts';
import { formats } from './formats.ts';
import { type MeshTlsFlags, meshTlsOf } from './mesh-tls.ts';
import { formatted } from './output.ts';

export interface BootstrapFlags extends ManifestFlags, ListenerFlags, MeshTlsFlags {
  xdsAddress?: string;
  xdsProtocol?: string;
  output: string;
}

/** Of listeners and endpoints: with a control plane, it decides about them. */
const ofResources = {
  outboundPort: 'outbound-port',
  inboundPort: 'inbound-port',
  capture: 'capture',
  bind: 'bind',
  map: 'map',
  accessLog: 'access-log',
  accessLogEncoding: 'access-log-encoding',
  accessLogFormat: 'access-log-format',
} as const;
/** Pages of the administration. */
const ofAdministration = { probeBind: 'probe-bind', statsPort: 'stats-port', agentPort: 'agent-port', healthPort: 'health-port' } as const;

/**
 * Prints what an Envoy is started with: all resources of a proxy inside, or the address of a control plane.
 *
 * @param given whether a flag was written, and does not only have its default
 * @returns 0; 79 when the manifests are broken, 65 when they cannot be parsed
 * @throws CliError for flags that make no sense and input that is not there
 */
export async function runBootstrap(flags: BootstrapFlags, given: (flag: string) => boolean): Promise<number> {
  const format = parseChoice('output', flags.output, formats);
  const protocol = parseChoice('xds-protocol', flags.xdsProtocol ?? 'delta', ['delta', 'sotw']);
  const { options: envoy, sdsSocket } = meshTlsOf(flags);
  const { xdsAddress } = flags;
  const ports = portsOf(xdsAddress === undefined ? flags : { ...flags, outboundPort: '0', inboundPort: '0' });
  checkAccessLog(flags);
  checkBind(flags);
  if (xdsAddress === undefined && flags.xdsProtocol !== undefined) throw usageError('--xds-protocol needs --xds-address: without it there is no control plane');
  refuse(
    ofResources,
    xdsAddress === undefined ? () => false : given,
    'does not go with --xds-address: the control plane decides about listeners and endpoints',
  );
  refuse(ofAdministration, ports.admin === 0 ? given : () => false, 'shows pages of the administration, which --admin-port 0 turns off');
  const optionsFor = (identity: ProxyIdentity, meshId: string): BootstrapOptions => ({
    node: nodeOf({ identity, options: envoy }, meshId),
    admin: ports.admin === 0 ? undefined : { address: '127.0.0.1', port: ports.admin },
    views: adminViews(ports, flags.probeBind),
    sdsSocket,
  });
  const print = (bootstrap: JsonObject): number => {
    write('stdout', formatted(bootstrap, format));
    return exitCode.ok;
  };
  const controlPlane = xdsAddress === undefined ? undefined : { address: parseXdsAddress(xdsAddress), protocol };
  const isDescribed = flags.filename === undefined && !asksForCluster(flags);
  if (controlPlane && isDescribed) return print(adsBootstrap(controlPlane, optionsFor(describedIdentity(flags), '')));
  if (!controlPlane && isDescribed)
    throw usageError(
      'a bootstrap needs manifests or a control plane',
      'Name files or directories with -f, a cluster with -k, or a control plane with --xds-address HOST:PORT.',
    );

  const { table, broken, mesh }: Manifests = await new ManifestReader(flags, { name: 'weft proxy bootstrap', stdin: true }).read();
  if (!table) {
    await printBroken(broken, 'there is no bootstrap until that is repaired');
    return brokenExit(broken);
  }
  const own = optionsFor(table.proxy, table.mesh.meshId);
  if (controlPlane) return print(patchedBootstrap(adsBootstrap(controlPlane, own), table));
  const local = { bind: flags.bind, outboundPort: ports.outbound, inboundPort: ports.inbound, capture: flags.capture === true };
  const { resources, problems } = configurationOf(table, envoy, local);
  for (const line of [...statusLines(table.statuses, mesh), ...problems.map(({ origin, message }) => `${originText(origin, mesh)}: ${message}`)])
    write('stderr', `warning: ${line}\n`);
  return print(patchedBootstrap(staticBootstrap(staticResources(resources), own), table));
}

/** @throws CliError (usage) for a flag of these that was written */
function refuse(names: Readonly<Record<string, string>>, given: (flag: string) => boolean, why: string): void {
  for (const [flag, name] of Object.entries(names)) if (given(flag)) throw usageError(`--${name} ${why}`);
}
