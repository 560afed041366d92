import type { EnvoyOptions } from '../../envoy/options.ts';
import { usageError } from '../exit.ts';
import { parseChoice } from '../proxy/flags.ts';

export interface MeshTlsFlags {
  meshTls?: string;
  sdsSocket?: string;
}

/** Where istio-agent gives out certificates. */
const agentSocket = '/var/run/secrets/workload-spiffe-uds/socket';

/** @throws CliError (usage) */
export function meshTlsOf({ meshTls = 'none', sdsSocket }: MeshTlsFlags): { options: EnvoyOptions; sdsSocket: string | undefined } {
  const source = parseChoice('mesh-tls', meshTls, ['none', 'sds']);
  if (source === 'none' && sdsSocket !== undefined) throw usageError('--sds-socket needs --mesh-tls sds: without it nobody asks the agent for certificates');
  return { options: { meshTls: source }, sdsSocket: source === 'sds' ? (sdsSocket ?? agentSocket) : undefined };
}
