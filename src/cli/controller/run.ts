import { hostname } from 'node:os';
import type { Command } from 'commander';
import { usualRootTimes } from '../../controller/authority/root-rotation.ts';
import { Controller } from '../../controller/controller.ts';
import { installedNames } from '../../install/values.ts';
import { createLog, logLevels } from '../../proxy/telemetry/log.ts';
import { type ClusterFlags, connectWith } from '../cluster.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { jwksRoots } from '../jwks-roots.ts';
import { parseChoice, parseMilliseconds, parsePort } from '../proxy/flags.ts';
import { version } from '../version.ts';
import { cannotListen, listenAddress, listenReason } from '../xds/listen-address.ts';
import { nextSignal } from '../xds/next-signal.ts';

/** Flags of `weft controller` as commander gives them. */
interface ControllerFlags extends ClusterFlags {
  istioNamespace: string;
  revision: string;
  xdsAddress?: string;
  securePort: string;
  bind: string;
  webhookPort: string;
  monitoringPort: string;
  maxWorkloadCertTtl: string;
  clusterId: string;
  clusterDomain: string;
  statusConditions?: boolean;
  leaderElection: boolean;
  podName?: string;
  jwksCa?: string;
  debounce: string;
  logLevel: string;
  logFormat: string;
}

/** After SIGTERM webhooks are answered for so long: the API server goes on asking a pod that ends until it has heard of it. */
const answerMs = 5_000;

/** As names of objects with a revision in them can be. */
const revisionName = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Runs the control plane until SIGTERM or SIGINT.
 *
 * @returns 0 after a signal
 * @throws CliError for flags that make no sense, without a kubeconfig, for an address that is taken
 */
export async function runController(command: Command): Promise<number> {
  const flags = command.optsWithGlobals<ControllerFlags>();
  const level = parseChoice('log-level', flags.logLevel, logLevels);
  const format = parseChoice('log-format', flags.logFormat, ['text', 'json']);
  if (!revisionName.test(flags.revision)) throw usageError(`--revision takes a name of small letters, digits and hyphens, not "${flags.revision}"`);
  const address = flags.xdsAddress === undefined ? undefined : listenAddress(flags.xdsAddress, 'xds-address');
  const roots = jwksRoots(flags.jwksCa);
  const maxWorkloadLifetimeMs = parseMilliseconds('max-workload-cert-ttl', flags.maxWorkloadCertTtl);
  if (maxWorkloadLifetimeMs < 1000) throw usageError(`--max-workload-cert-ttl takes a duration of a second or more, not "${flags.maxWorkloadCertTtl}"`);
  const names = installedNames(flags.revision);
  const settings = {
    revision: flags.revision,
    istioNamespace: flags.istioNamespace,
    names: {
      controller: names.controller,
      meshConfig: names.meshConfig,
      injector: names.injector,
      servingCertificate: names.servingCertificate,
    },
    clusterId: flags.clusterId,
    clusterDomain: flags.clusterDomain,
    identity: flags.podName || process.env.POD_NAME || `${hostname()}_${process.pid}`,
    xdsAddress: flags.xdsAddress,
    bind: flags.bind,
    securePort: parsePort('secure-port', flags.securePort),
    // What was signed is trusted for as long as it is valid.
    rootTimes: { ...usualRootTimes, formerMs: Math.max(usualRootTimes.formerMs, maxWorkloadLifetimeMs) },
    maxWorkloadLifetimeMs,
    ...(roots ? { jwksRoots: roots } : {}),
    webhookPort: parsePort('webhook-port', flags.webhookPort),
    monitoringPort: parsePort('monitoring-port', flags.monitoringPort),
    debounceMs: parseMilliseconds('debounce', flags.debounce),
    statusConditions: flags.statusConditions === true,
    leaderElection: flags.leaderElection,
    version,
  };
  const client = await connectWith(flags);
  const log = await createLog({ level, format });
  const controller = await Controller.create({ ...settings, client, log });
  const signal = nextSignal();
  log.info('reading the cluster', { server: client.server, revision: flags.revision, identity: settings.identity });
  const began = performance.now();
  const failed = controller.start().then(
    ({ xds, secure, webhook, monitoring }) => {
      const seconds = Math.round(performance.now() - began) / 1000;
      const plain = address && xds !== undefined ? { xds: address.withPort(xds) } : {};
      log.info('serving', { ...plain, secure, webhook, monitoring, resources: controller.resources, seconds });
      return never;
    },
    (error: unknown) => listenError(error, flags),
  );
  const end = await Promise.race([signal, failed]);
  if (typeof end === 'string') log.info('stopping', { reason: end, proxies: controller.proxies });
  // Ctrl-C is of a person who does not want to wait.
  await controller.stop(end === 'SIGTERM' ? answerMs : 0);
  client.close();
  if (typeof end !== 'string') throw end;
  log.info('stopped');
  return exitCode.ok;
}

const never = new Promise<never>(() => {});

function listenError(cause: unknown, flags: ControllerFlags): Error {
  const error = cause as Error;
  const { syscall, port, message } = error as NodeJS.ErrnoException & { port?: number };
  if (syscall === 'listen' || syscall === 'getaddrinfo') {
    const flag = String(port) === flags.webhookPort ? 'webhook-port' : String(port) === flags.securePort ? 'secure-port' : 'monitoring-port';
    return new CliError(
      `cannot listen on ${flags.bind}:${port ?? ''}: ${listenReason(error)}`,
      exitCode.error,
      `Choose another port with --${flag}, or another address with --bind.`,
    );
  }
  return message.startsWith('cannot listen on') ? cannotListen('xds-address', flags.xdsAddress ?? '', error) : error;
}
