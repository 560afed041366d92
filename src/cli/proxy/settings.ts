import { isIP } from 'node:net';
import { accessLogLine } from '../../proxy/telemetry/access-log.ts';
import { type LogLevel, logLevels } from '../../proxy/telemetry/log.ts';
import { usageError } from '../exit.ts';
import { threadsForLimit } from './cpu-limit.ts';
import { type ListenerFlags, type ManifestFlags, type ProxyFlags, parseChoice, parseCount, parseMilliseconds, parsePort } from './flags.ts';

export interface ProxyPorts {
  /** 0: none. */
  outbound: number;
  inbound: number;
  admin: number;
  stats: number;
  agent: number;
  health: number;
}

/** What the flags say by themselves, without any manifest. */
export interface ProxySettings {
  ports: ProxyPorts;
  /** Of the servers for the kubelet, load balancers and scrapers; `*`: every address. */
  probeBind: string;
  drainMs: number;
  /** At the end, so long new connections are still taken. */
  drainDelayMs: number;
  concurrency: number;
  logLevel: LogLevel;
  logFormat: 'text' | 'json';
}

/** More threads than any machine has cores. */
const mostThreads = 256;

/** @throws CliError (usage), before anything is read or opened */
export function settingsOf(flags: ProxyFlags): ProxySettings {
  if (flags.proxy !== undefined && flags.gateway !== undefined) throw usageError('--proxy and --gateway do not go together: a process is one proxy');
  if (flags.labels !== undefined && flags.labelsFile !== undefined) throw usageError('--labels and --labels-file do not go together');
  checkAccessLog(flags);
  const ports = portsOf(flags);
  return {
    ports,
    probeBind: flags.probeBind,
    drainMs: parseMilliseconds('drain-time', flags.drainTime),
    drainDelayMs: parseMilliseconds('drain-delay', flags.drainDelay),
    concurrency: parseCount('concurrency', flags.concurrency, mostThreads) || threadsForLimit(),
    logLevel: parseChoice('log-level', flags.logLevel, logLevels),
    logFormat: parseChoice('log-format', flags.logFormat ?? 'text', ['text', 'json']),
  };
}

/** @throws CliError (usage) */
export function portsOf(flags: ListenerFlags & Pick<ManifestFlags, 'gateway'>): ProxyPorts {
  const ports = {
    outbound: parsePort('outbound-port', flags.outboundPort),
    inbound: parsePort('inbound-port', flags.inboundPort),
    admin: parsePort('admin-port', flags.adminPort),
    stats: parsePort('stats-port', flags.statsPort),
    agent: parsePort('agent-port', flags.agentPort),
    health: parsePort('health-port', flags.healthPort),
  };
  checkDistinct(flags, ports);
  if (flags.probeBind !== '*' && isIP(flags.probeBind) === 0) throw usageError(`--probe-bind takes an IP address, or * for all, not "${flags.probeBind}"`);
  return ports;
}

/** Two listeners on one port: the second would say that another process has it. */
function checkDistinct({ gateway, capture }: Pick<ProxyFlags, 'gateway' | 'capture'>, { outbound, inbound, ...others }: ProxyPorts): void {
  const used = new Map<number, string>();
  const wanted = { ...(gateway === undefined ? { outbound } : {}), ...(capture ? { inbound } : {}), ...others };
  for (const [name, port] of Object.entries(wanted)) {
    const other = used.get(port);
    if (port !== 0 && other !== undefined) {
      throw usageError(
        `--${other}-port and --${name}-port are both ${port}`,
        'Each needs a port of its own; administration, metrics and health are off with 0.',
      );
    }
    used.set(port, name);
  }
}

/** @throws CliError (usage) */
export function checkAccessLog({ accessLogEncoding = 'text', accessLogFormat }: ManifestFlags): void {
  const encoding = parseChoice('access-log-encoding', accessLogEncoding, ['text', 'json']);
  if (accessLogFormat === undefined) return;
  const { problem } = accessLogLine({ accessLogEncoding: encoding, accessLogFormat });
  if (problem === undefined) return;
  const reason = problem.replace(/^accessLogFormat: /, '').replace(/: the default format is used$/, '');
  throw usageError(
    `--access-log-format: ${reason.replace(/\s+/g, ' ')}`,
    'Operators are those of Envoy: "%REQ(:METHOD)% %RESPONSE_CODE%"; with --access-log-encoding json, an object of them.',
  );
}
