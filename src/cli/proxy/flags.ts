import type { Locality } from '../../ir/table.ts';
import { parseDuration } from '../../manifest/duration.ts';
import { nearest } from '../../manifest/nearest.ts';
import { type EndpointOverride, parseEndpointOverride } from '../../model/endpoint-overrides.ts';
import { parseLocality } from '../../translate/workload-identity.ts';
import type { ClusterFlags } from '../cluster.ts';
import { usageError } from '../exit.ts';
import type { MeshTlsFlags } from '../translate/mesh-tls.ts';

/** Flags that tell which manifests are read, and which proxy they are read for. */
export interface ManifestFlags extends ClusterFlags {
  filename?: string[];
  useKube?: boolean;
  namespace?: string;
  istioNamespace: string;
  meshConfigFile?: string;
  proxy?: string;
  gateway?: string;
  labels?: string;
  labelsFile?: string;
  serviceAccount?: string;
  locality?: string;
  ip?: string[];
  map?: string[];
  accessLog?: string;
  accessLogEncoding?: string;
  accessLogFormat?: string;
}

/** Where a proxy listens. */
export interface ListenerFlags {
  outboundPort: string;
  inboundPort: string;
  capture?: boolean;
  bind: string;
  probeBind: string;
  adminPort: string;
  statsPort: string;
  agentPort: string;
  healthPort: string;
}

/** Flags of `weft proxy run` as commander gives them. */
export interface ProxyFlags extends ManifestFlags, ListenerFlags, MeshTlsFlags {
  engine: string;
  envoyPath?: string;
  xdsAddress?: string;
  xdsName?: string;
  tokenFile?: string;
  rootsFile?: string;
  ignoreEnvoyFilters?: boolean;
  workloadCertificate?: string;
  workloadKey?: string;
  trustRoots?: string;
  mtls?: boolean;
  jwksCa?: string;
  concurrency: string;
  drainTime: string;
  drainDelay: string;
  watch?: boolean;
  logLevel: string;
  logFormat?: string;
}

/** @throws CliError (usage) */
export function parsePort(flag: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw usageError(`--${flag} takes a port from 0 to 65535, not "${text}"`);
  return port;
}

/** @throws CliError (usage) */
export function parseChoice<T extends string>(flag: string, text: string, choices: readonly T[]): T {
  if ((choices as readonly string[]).includes(text)) return text as T;
  const near = nearest(text, choices);
  throw usageError(
    `--${flag} takes ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}, not "${text}"${near === undefined ? '' : `; did you mean ${near}?`}`,
  );
}

/** @throws CliError (usage) */
export function parseCount(flag: string, text: string, most: number): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count > most) throw usageError(`--${flag} takes a number from 0 to ${most}, not "${text}"`);
  return count;
}

/** @throws CliError (usage) */
export function parseMilliseconds(flag: string, text: string): number {
  const duration = parseDuration(text);
  if (duration === undefined || duration < 0) throw usageError(`--${flag} takes a duration such as 30s, not "${text}"`);
  return duration / 1e6;
}

/** @throws CliError (usage) */
export function parseLabels(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at <= 0) throw usageError(`--labels takes KEY=VALUE,…, and "${pair}" is none`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** @throws CliError (usage) */
export function parseLocalityFlag(text: string): Locality {
  const parts = text.split('/');
  if (parts.length > 3 || parts[0] === '') throw usageError(`--locality takes REGION[/ZONE[/SUBZONE]], not "${text}"`);
  return parseLocality(text);
}

/** @throws CliError (usage) */
export function parseNamespacedName(flag: string, text: string, namespace: string): { namespace: string; name: string } {
  const parts = text.split('/');
  if (parts.length > 2 || parts.some((part) => part === '')) throw usageError(`--${flag} takes NAMESPACE/NAME, not "${text}"`);
  return parts.length === 2 ? { namespace: parts[0] as string, name: parts[1] as string } : { namespace, name: parts[0] as string };
}

/** @throws CliError (usage) */
export function parseOverride(text: string): EndpointOverride {
  const override = parseEndpointOverride(text);
  if (!override) throw usageError(`--map cannot read "${text}"`, 'It takes SERVICE[:PORT][/SUBSET]=[ADDRESS:]PORT, such as payment-service/v1=127.0.0.1:9001.');
  return override;
}
