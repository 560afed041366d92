import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseDuration } from '../../manifest/duration.ts';
import { connectOptions, isKubeError, toCliError } from '../cluster.ts';
import type { ControlPlaneFlags } from '../control-plane/open.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { write } from '../terminal.ts';
import { referenceVersion, version } from '../version.ts';
import type { MeshVersions } from './remote.ts';

/** Flags of `weft version` as commander gives them. */
export interface VersionFlags extends ControlPlaneFlags {
  short?: boolean;
  output?: string;
  /** Undefined: where there is a cluster, and it answers at once. */
  remote?: boolean;
}

/** Nobody who asks for the version of weft waits longer for a cluster, in milliseconds. */
const patienceMs = 3_000;

/**
 * Prints the version of weft, and those of the control plane and the proxies where there are some.
 *
 * @returns 0, as the reference does, also where the cluster cannot be asked: that is said on standard error
 * @throws CliError (usage) for an unknown format
 */
export async function runVersion(flags: VersionFlags): Promise<number> {
  const { output, short = false } = flags;
  if (output !== undefined && output !== 'json' && output !== 'yaml') throw usageError(`--output takes json or yaml, not "${output}"`);
  const asksRemote = flags.remote ?? (flags.xdsAddress !== undefined || (!short && mayHaveCluster(flags)));
  const mesh = asksRemote ? await remote(flags) : undefined;
  if (output !== undefined) write('stdout', (await import('../translate/output.ts')).formatted(documentOf(mesh), output));
  else if (short && !mesh) write('stdout', `${version}\n`);
  else {
    write('stdout', `client version: ${version}${short ? '' : ` (follows Istio ${referenceVersion})`}\n`);
    if (mesh) write('stdout', (await import('./text.ts')).meshText(mesh));
  }
  return exitCode.ok;
}

/** Whether something names a cluster: without loading what reads kubeconfigs. */
function mayHaveCluster({ kubeconfig, context }: VersionFlags): boolean {
  const { KUBECONFIG, KUBERNETES_SERVICE_HOST } = process.env;
  return [kubeconfig, context, KUBECONFIG, KUBERNETES_SERVICE_HOST].some(Boolean) || existsSync(join(homedir(), '.kube/config'));
}

/** Undefined where nothing is known, which is said unless nobody has asked for it. */
async function remote(flags: VersionFlags): Promise<MeshVersions | undefined> {
  const isAsked = flags.remote === true || flags.xdsAddress !== undefined;
  const timeoutMs = isAsked ? (parseDuration(flags.kubeclientTimeout ?? '15s') ?? 0) / 1e6 || 15_000 : patienceMs;
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(), timeoutMs);
  try {
    const found = await Promise.race([ask(flags, isAsked, timeoutMs, end.signal), late(end.signal, timeoutMs)]);
    for (const problem of found?.problems ?? []) write('stderr', `warning: ${problem}\n`);
    return found?.controlPlane.length === 0 ? undefined : found;
  } catch (error) {
    const problem = toCliError(error);
    if (!(problem instanceof CliError) || problem.exit === exitCode.usage) throw problem;
    write('stderr', `versions of the cluster are not known: ${problem.message}\n`);
    if (isAsked && problem.help !== undefined) write('stderr', `${problem.help}\n`);
    return undefined;
  } finally {
    clearTimeout(timer);
    end.abort();
  }
}

async function ask(flags: VersionFlags, isAsked: boolean, timeoutMs: number, signal: AbortSignal): Promise<MeshVersions | undefined> {
  if (flags.xdsAddress !== undefined) {
    const { addressedControlPlane } = await import('../control-plane/open.ts');
    const controlPlane = addressedControlPlane(flags.xdsAddress);
    const { meshVersions } = await import('./remote.ts');
    return meshVersions(controlPlane, timeoutMs);
  }
  const client = await connectQuietly(flags, isAsked);
  if (!client) return undefined;
  signal.addEventListener('abort', () => client.close(), { once: true });
  const { ClusterControlPlane } = await import('../control-plane/cluster-control-plane.ts');
  const { istioNamespace, revision } = flags;
  const controlPlane = new ClusterControlPlane(client, { istioNamespace, revision, signal });
  try {
    const { meshVersions } = await import('./remote.ts');
    return await meshVersions(controlPlane, timeoutMs);
  } finally {
    await controlPlane.close();
  }
}

/** Undefined where there is no kubeconfig, and nobody has asked for a cluster. Nobody is asked to log in unless somebody has. */
async function connectQuietly(flags: VersionFlags, isAsked: boolean) {
  const options = connectOptions(flags);
  const namesCluster = flags.kubeconfig !== undefined || flags.context !== undefined;
  const { connect } = await import('../../kube/connect.ts');
  try {
    return await connect({ ...options, interactive: false, onPluginOutput: (text) => write('stderr', text) });
  } catch (error) {
    if (!isAsked && !namesCluster && isKubeError(error) && error.reason === 'NoConfig') return undefined;
    throw error;
  }
}

function late(signal: AbortSignal, timeoutMs: number): Promise<never> {
  return new Promise((_, reject) => {
    const over = new CliError(
      `the cluster has not answered within ${timeoutMs / 1000}s`,
      undefined,
      '--remote=false does not ask it; --kubeclient-timeout gives it more time.',
    );
    signal.addEventListener('abort', () => reject(over), { once: true });
  });
}

/** For programs; the names of the mesh are those of the reference. */
function documentOf(mesh: MeshVersions | undefined): object {
  const clientVersion = { version, reference: `Istio ${referenceVersion}`, node: process.version };
  if (!mesh) return { clientVersion };
  return {
    clientVersion,
    meshVersion: mesh.controlPlane.map(({ replica, revision, program, version: own }) => ({
      Component: program,
      ...(revision === undefined ? {} : { Revision: revision }),
      Replica: replica,
      Info: { version: own },
    })),
    dataPlaneVersion: mesh.proxies.map(({ name, id, program, version: own }) => ({ ID: name, Node: id, Program: program, Version: own })),
  };
}
