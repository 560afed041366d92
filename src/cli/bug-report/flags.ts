import type { Address } from '../../envoy/bootstrap.ts';
import type { ClusterFlags } from '../cluster.ts';
import { parseTimeout } from '../deadline.ts';
import { usageError } from '../exit.ts';
import { parseChoice, parseCount, parsePort } from '../proxy/flags.ts';
import { parseXdsAddress } from '../proxy/xds-address.ts';
import { type PodFilter, parseFilters } from './pod-filter.ts';
import { parseWindow, type TimeWindow } from './time-window.ts';

/** Flags of `weft bug-report` as commander gives them. */
export interface BugReportFlags extends ClusterFlags {
  filename?: string[];
  useKube?: boolean;
  namespace?: string;
  istioNamespace: string;
  meshConfigFile?: string;
  include?: string[];
  exclude?: string[];
  startTime?: string;
  endTime?: string;
  duration?: string;
  maxLogSize: string;
  maxSize: string;
  proxyAdminPort: string;
  proxyAdminAddress?: string;
  rqConcurrency: string;
  timeout: string;
  outputDir: string;
  output: string;
  dryRun?: boolean;
  color?: boolean;
  fullSecrets?: boolean;
  criticalErrs?: string[];
  ignoreErrs?: string[];
}

/** What the flags decide. */
export interface Settings {
  paths: readonly string[];
  filter: PodFilter;
  window: TimeWindow;
  maxLogBytes: number;
  maxBytes: number;
  adminPort: number;
  concurrency: number;
  localProxy: Address | undefined;
  output: 'text' | 'json';
}

const mebibyte = 1024 * 1024;

/** @throws CliError (usage) */
export function settingsOf(flags: BugReportFlags, now: Date): Settings {
  refuse(flags);
  parseTimeout(flags.timeout);
  const concurrency = parseCount('rq-concurrency', flags.rqConcurrency, 256);
  if (concurrency === 0) throw usageError('--rq-concurrency takes a number from 1 to 256, not "0"');
  return {
    paths: (flags.filename ?? []).flatMap((text) => text.split(',')).filter((path) => path !== ''),
    filter: parseFilters(flags.include ?? [], flags.exclude ?? []),
    window: parseWindow(flags, now),
    maxLogBytes: parseMebibytes('max-log-size', flags.maxLogSize) * mebibyte,
    maxBytes: parseMebibytes('max-size', flags.maxSize) * mebibyte,
    adminPort: parsePort('proxy-admin-port', flags.proxyAdminPort),
    concurrency,
    localProxy: flags.proxyAdminAddress === undefined ? undefined : parseXdsAddress(flags.proxyAdminAddress, 'proxy-admin-address'),
    output: parseChoice('output', flags.output, ['text', 'json']),
  };
}

/** @throws CliError for what the reference does and weft does not */
function refuse({ fullSecrets, criticalErrs, ignoreErrs }: BugReportFlags): void {
  if (fullSecrets)
    throw usageError(
      '--full-secrets is not there: an archive of weft never has values of Secrets in it',
      'It has their names, their keys, how long each value is, and whose the certificates are.',
    );
  for (const [flag, value] of [
    ['critical-errs', criticalErrs],
    ['ignore-errs', ignoreErrs],
  ] as const) {
    if (value !== undefined)
      throw usageError(
        `--${flag} is not there: no log is preferred to another one by what is in it`,
        'Choose pods with --include and --exclude; --max-log-size and --max-size say how much there may be.',
      );
  }
}

function parseMebibytes(flag: string, text: string): number {
  const number = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(number > 0 && number <= 100_000)) throw usageError(`--${flag} takes a number of MiB, not "${text}"`);
  return number;
}
