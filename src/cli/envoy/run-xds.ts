import { AgentCredentials } from '../../agent/agent-credentials.ts';
import { SecretServer } from '../../agent/sds/server.ts';
import { adsBootstrap } from '../../envoy/bootstrap.ts';
import { nodeOf } from '../../envoy/node.ts';
import { createLog, type ProxyLog } from '../../proxy/telemetry/log.ts';
import type { Credentials } from '../../proxy/tls/credentials.ts';
import { usageError } from '../exit.ts';
import { describedIdentity } from '../proxy/described.ts';
import type { ProxyFlags } from '../proxy/flags.ts';
import { meshIdentity } from '../proxy/mesh-identity.ts';
import { hasOwnIdentity } from '../proxy/own-identity.ts';
import { startProbeServers } from '../proxy/probe-servers.ts';
import { settingsOf } from '../proxy/settings.ts';
import { addressText, parseXdsAddress } from '../proxy/xds-address.ts';
import { refuseFileFlags } from '../proxy/xds-feed.ts';
import { untilTheEnd } from './ending.ts';
import { EnvoyProcess } from './envoy-process.ts';
import { findEnvoy } from './find.ts';
import { checkFree } from './free-ports.ts';
import { probedEnvoy } from './probed.ts';
import { EnvoyReadiness } from './readiness.ts';
import { RunFolder } from './run-folder.ts';
import { Signals } from './signals.ts';

/** Flags about what the control plane decides, for an Envoy. */
const ofTheControlPlane = {
  outboundPort: 'outbound-port',
  inboundPort: 'inbound-port',
  accessLog: 'access-log',
  accessLogEncoding: 'access-log-encoding',
  accessLogFormat: 'access-log-format',
} as const;

/** How often Envoy is asked whether it serves, until it does, in milliseconds. */
const pollMs = 100;

/**
 * Starts an Envoy that has its configuration from a control plane, and is its agent: `weft proxy run --engine envoy --xds-address …`.
 * A control plane that is not there yet is waited for.
 *
 * @param given whether a flag was written, and does not only have its default
 * @returns 0 after a signal; the code of Envoy when it ended by itself
 * @throws CliError for flags that make no sense, ports that are taken, no Envoy
 */
export async function runXdsEnvoy(flags: ProxyFlags, given: (flag: string) => boolean): Promise<number> {
  const { ports, drainDelayMs, ...settings } = settingsOf(flags);
  refuseFileFlags(flags);
  if (hasOwnIdentity(flags)) throw usageError('an Envoy with a control plane has its identity from there: --token-file and --roots-file');
  for (const [flag, name] of Object.entries(ofTheControlPlane))
    if (given(flag)) throw usageError(`--${name} does not go with --engine envoy --xds-address: the control plane decides about listeners and logs`);
  const identity = describedIdentity(flags);
  const address = parseXdsAddress(flags.xdsAddress ?? '');
  const program = await findEnvoy(flags.envoyPath);
  const log = await createLog({ level: settings.logLevel, format: settings.logFormat });
  await checkFree([], ports);
  const safe = meshIdentity(flags, identity, log);
  const folder = new RunFolder();
  const envoy = new EnvoyProcess(program, { ...settings, adminPort: ports.admin }, folder);
  // Whatever happens to weft, its Envoy does not stay.
  process.on('exit', () => {
    envoy.kill();
    folder.delete();
  });
  const signals = new Signals(() => envoy.reopenLogs());
  const readiness = new EnvoyReadiness(envoy.admin, { awaitsResources: true });
  const lifecycle = { drain: () => readiness.draining(), quit: () => signals.quit() };
  const probes = await startProbeServers(probedEnvoy(envoy.admin, readiness), lifecycle, { settings: { ...settings, ports }, ip: flags.ip, log });
  const secrets = safe && (await serveSecrets(safe.identity, folder, log));
  const options = { meshTls: safe ? 'sds' : 'none' } as const;
  const certificateName = safe && (flags.xdsName ?? ('address' in address ? address.address : ''));
  envoy.start(
    adsBootstrap(
      { address, protocol: 'delta', ...(certificateName === undefined ? {} : { certificateName }) },
      { node: nodeOf({ identity, options }), admin: envoy.adminAddress, ...(secrets ? { sdsSocket: secrets.path } : {}) },
    ),
  );
  log.info('waiting for the configuration', { from: addressText(address), engine: `envoy ${program.version}` });
  if (identity.role === 'sidecar' && !flags.capture)
    log.warning(
      'without --capture only listeners of Sidecar resources with ports of their own get connections: by Host, on one port, needs the embedded engine',
    );
  const ended = new AbortController();
  void sayWhenItServes(readiness, log, ended.signal);
  const code = await untilTheEnd(envoy, { signals, readiness, drainDelayMs, log });
  ended.abort();
  probes.close();
  safe?.identity.stop();
  secrets?.close();
  return code;
}

async function serveSecrets(identity: Credentials, folder: RunFolder, log: ProxyLog): Promise<{ path: string; close(): void }> {
  const credentials = new AgentCredentials(identity, (problem) => log.warning(problem));
  const server = new SecretServer({
    credentials,
    wanted: (names) => credentials.want(names),
    refused: (names, text) => log.warning(`Envoy refuses a certificate, and goes on with the one before: ${text}`, { names: names.join(' ') }),
  });
  await server.listen(folder.secretSocket);
  const close = (): void => {
    server.close();
    credentials.close();
  };
  return { path: folder.secretSocket, close };
}

async function sayWhenItServes(readiness: EnvoyReadiness, log: ProxyLog, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const state = await readiness.state();
    if (state === 'LIVE') log.info('serving');
    if (state === 'LIVE' || state === 'DRAINING') return;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
