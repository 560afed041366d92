import { atLeast } from '../../analysis/message.ts';
import { formatLog } from '../../analysis/report/log.ts';
import type { Report, ReportItem } from '../../analysis/report/report.ts';
import { formatJson, formatYaml } from '../../analysis/report/structured.ts';
import { installations } from '../../install/installed.ts';
import { parseVersion } from '../../install/version-order.ts';
import { connectWith, isKubeError, toCliError } from '../cluster.ts';
import type { ClusterSourceFlags } from '../cluster-source/cluster-source.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { parseLevel } from '../flags.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { version } from '../version.ts';
import { checkGatewayApi, checkInstalled, checkKubernetes, checkRights, checkStep } from './checks.ts';
import { checkDeprecations } from './deprecations.ts';
import { checkGatewaySecrets } from './gateway-secrets.ts';

/** Flags of `weft x precheck` as commander gives them. */
export interface PrecheckFlags extends ClusterSourceFlags {
  fromVersion?: string;
  revision: string;
  skipControlplane?: boolean;
  output: string;
  outputThreshold: string;
  color?: boolean;
}

const formats = ['log', 'json', 'yaml'];

/**
 * Says whether a cluster can take an installation or an upgrade.
 *
 * @returns 1 where something is at or above the threshold of output, and a warning at least; else 0
 */
export async function runPrecheck(flags: PrecheckFlags): Promise<number> {
  if (!formats.includes(flags.output)) throw usageError(`--output takes log, json or yaml, not "${flags.output}"`);
  const threshold = parseLevel('output-threshold')(flags.outputThreshold);
  const { fromVersion } = flags;
  if (fromVersion !== undefined && !parseVersion(fromVersion)) throw usageError(`--from-version takes a version such as 0.1, not "${fromVersion}"`);
  const found = await look(flags);
  const items = found.filter(({ level }) => atLeast(level, threshold));
  const report: Report = { items, version, summary: { files: 0, resources: 0, unknownKinds: new Map(), skipped: [], suppressed: 0, ran: [] } };
  if (flags.output === 'json') write('stdout', formatJson(report));
  else if (flags.output === 'yaml') write('stdout', formatYaml(report));
  else {
    write('stdout', formatLog(report, await styleFor(wantsColour(flags.color, 'stdout'))));
    const style = await styleFor(wantsColour(flags.color, 'stderr'));
    if (items.length === 0)
      write('stderr', `${style.good('✔')} Nothing stands against ${flags.skipControlplane ? 'an upgrade of what is in the cluster' : 'an installation'}\n`);
  }
  return found.some(({ level }) => atLeast(level, 'Warning')) ? exitCode.error : exitCode.ok;
}

async function look(flags: PrecheckFlags): Promise<ReportItem[]> {
  const client = await connectWith(flags);
  const found: ReportItem[] = [];
  try {
    found.push(...(await checkKubernetes(client)));
    if (!flags.skipControlplane) {
      found.push(...(await checkRights(client, flags.istioNamespace, version)));
      const all = await unlessForbidden(installations(client), []);
      found.push(...checkInstalled(all, flags.revision, version));
      const installed = all.find(({ revision }) => revision === flags.revision);
      const controlPlane = { installed, namespace: installed?.namespace ?? flags.istioNamespace, revision: flags.revision };
      found.push(...(await unlessForbidden(checkGatewaySecrets(client, flags, controlPlane), [])));
    }
    found.push(...(await unlessForbidden(checkGatewayApi(client), [])));
  } catch (error) {
    throw toCliError(error);
  } finally {
    client.close();
  }
  if (flags.fromVersion !== undefined) found.push(...checkStep(flags.revision, flags.fromVersion, version));
  return [...found, ...(await unlessForbidden(checkDeprecations(flags), []))];
}

/** What may not be read is told, and the rest is checked. */
async function unlessForbidden<T>(looking: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await looking;
  } catch (error) {
    if (!(isKubeError(error) && error.reason === 'Forbidden') && !(error instanceof CliError)) throw error;
    write('stderr', `Warning: ${error.message}: nothing is said of that.\n`);
    return otherwise;
  }
}
