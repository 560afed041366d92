import type { KubeClient } from '../kube/client.ts';
import type { ConnectOptions } from '../kube/connect.ts';
import type { KubeError } from '../kube/error.ts';
import { parseDuration } from '../manifest/duration.ts';
import { CliError, exitCode, usageError } from './exit.ts';
import { isTerminal, write } from './terminal.ts';

/** The flags of every command that say which cluster, and as whom; as commander gives them. */
export interface ClusterFlags {
  kubeconfig?: string;
  context?: string;
  as?: string;
  asGroup?: string[];
  asUid?: string;
  kubeclientTimeout?: string;
}

/** Whether the flags say that the cluster is to be read beside files: so does naming one. */
export function asksForCluster({ useKube, context, kubeconfig }: Pick<ClusterFlags, 'context' | 'kubeconfig'> & { useKube?: boolean }): boolean {
  return useKube ?? (context !== undefined || kubeconfig !== undefined);
}

/** @throws CliError (usage) for flags that make no sense */
export function connectOptions({ kubeconfig, context, as, asGroup, asUid, kubeclientTimeout }: ClusterFlags): ConnectOptions {
  if (as === undefined && (asGroup?.length || asUid !== undefined))
    throw usageError(`${asGroup?.length ? '--as-group' : '--as-uid'} needs --as`, 'A cluster acts as groups or a UID only together with a user: --as NAME.');
  return {
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    ...(as === undefined ? {} : { as }),
    ...(asGroup?.length ? { asGroups: asGroup } : {}),
    ...(asUid === undefined ? {} : { asUid }),
    ...(kubeclientTimeout === undefined ? {} : { timeoutMs: timeoutOf(kubeclientTimeout) }),
  };
}

/** Milliseconds; 0 is no limit to the reference, and here the longest that a timer has. */
function timeoutOf(text: string): number {
  const nanoseconds = parseDuration(text);
  if (nanoseconds === undefined || nanoseconds < 0) throw usageError(`--kubeclient-timeout takes a duration such as 15s, not "${text}"`);
  return nanoseconds === 0 ? 2 ** 31 - 1 : Math.min(Math.max(1, Math.round(nanoseconds / 1e6)), 2 ** 31 - 1);
}

/**
 * The cluster that the flags of a command name. Nothing is asked of it yet: `close()` it at the end, or the process waits for its
 * sockets.
 *
 * @param otherwise what else to do where there is no kubeconfig, a sentence
 * @throws CliError for flags that make no sense, and without a usable kubeconfig
 */
export async function connectWith(flags: ClusterFlags, otherwise?: string): Promise<KubeClient> {
  const options = connectOptions(flags);
  // Only commands that talk to a cluster pay for loading what that takes.
  const { connect } = await import('../kube/connect.ts');
  try {
    // A plug-in may have to ask who the user is, or tell where to log in.
    return await connect({ ...options, interactive: isTerminal('stdin'), onPluginOutput: (text) => write('stderr', text) });
  } catch (error) {
    if (otherwise === undefined || !isKubeError(error) || error.reason !== 'NoConfig') throw toCliError(error);
    throw new CliError(error.message, exitCode.error, [error.help, otherwise].filter(Boolean).join('\n'));
  }
}

/**
 * What a cluster refused or could not do is no bug of ours: `throw toCliError(error)`. Other errors stay as they are.
 *
 * @param then what else to do, a sentence
 */
export function toCliError(error: unknown, then?: string): unknown {
  return isKubeError(error) ? new CliError(error.message, exitCode.error, [error.help, then].filter(Boolean).join('\n') || undefined) : error;
}

/** Without loading src/kube. */
export function isKubeError(error: unknown): error is KubeError {
  return error instanceof Error && error.name === 'KubeError' && typeof (error as KubeError).reason === 'string';
}
