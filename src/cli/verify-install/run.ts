import type { Style } from '../../analysis/report/style.ts';
import { fieldText } from '../../install/diff/path.ts';
import { type Installation, installations } from '../../install/installed.ts';
import { readLive } from '../../install/live.ts';
import { type PlannedObject, planOf } from '../../install/plan.ts';
import { renderManifests } from '../../install/render/manifests.ts';
import { withDefaultTag } from '../../install/tags.ts';
import { installedNames, type Values } from '../../install/values.ts';
import type { KubeClient } from '../../kube/client.ts';
import { inParallel } from '../../kube/in-parallel.ts';
import { mutatingWebhooks } from '../../kube/list-all.ts';
import { type KubeObject, refOf, refText } from '../../kube/object.ts';
import { readinessOf } from '../../kube/wait.ts';
import type { ClusterFlags } from '../cluster.ts';
import { counted } from '../counted.ts';
import { CliError, exitCode } from '../exit.ts';
import { readValues, type ValueFlags } from '../install/read-values.ts';
import { warnOfNamespace } from '../install/warnings.ts';
import { withClient } from '../install/with-client.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { version } from '../version.ts';

/** Flags of `weft verify-install` as commander gives them. */
export interface VerifyFlags extends ValueFlags, ClusterFlags {
  color?: boolean;
  namespace?: string;
}

/** Something that is not as it was installed. */
export interface Finding {
  text: string;
  /** It may be so for a while. */
  isWarning?: boolean;
}

/**
 * Compares a cluster with what is installed in it: what is missing, what is different, what is not ready.
 *
 * @returns 0 where all is as it should be, 1 where something is not
 * @throws CliError where nothing is installed
 */
export async function runVerify(flags: VerifyFlags): Promise<number> {
  const given = readValues(flags);
  warnOfNamespace(flags);
  return withClient(flags, async (client) => {
    const { installation, values, isGiven } = expected(await installations(client), given.values, flags);
    return verify(client, installation, values, { isGiven, colour: wantsColour(flags.color, 'stdout') });
  });
}

interface Expected {
  installation: Installation | undefined;
  values: Values;
  /** The values are those of the command line. */
  isGiven: boolean;
}

function expected(all: readonly Installation[], given: Values, flags: VerifyFlags): Expected {
  const isGiven = (flags.filename?.length ?? 0) + (flags.set?.length ?? 0) > 0 || flags.profile !== undefined;
  const inNamespace = all.filter(({ namespace }) => flags.istioNamespace === undefined || namespace === flags.istioNamespace);
  const [only, ...more] = inNamespace;
  const revision = isGiven || flags.revision ? given.revision : only && more.length === 0 ? only.revision : 'default';
  const installation = inNamespace.find((one) => one.revision === revision);
  if (isGiven) return { installation, values: given, isGiven };
  if (!installation) {
    const there = inNamespace.map((one) => one.revision).join(', ');
    throw new CliError(
      `revision ${revision} is not installed`,
      undefined,
      there === '' ? 'weft install installs it.' : `There is: ${there} (choose with --revision).`,
    );
  }
  if (installation.overrides === undefined) throw interrupted(installation);
  const file = { name: `values of the installed revision ${revision}`, text: installation.overrides };
  return { installation, values: readValues({}, file).values, isGiven };
}

function interrupted({ revision, interruptedAt }: Installation): CliError {
  return new CliError(
    `the installation of revision ${revision} (weft ${interruptedAt || 'unknown'}) ended in the middle`,
    undefined,
    'weft install again, with the same values, completes it.',
  );
}

/** A control plane as it is, against what was installed. */
export interface Verified {
  findings: readonly Finding[];
  /** Objects that were compared. */
  count: number;
  values: Values;
  weftVersion: string;
}

/**
 * Each revision that is installed, against its own values.
 *
 * @returns one that was interrupted has a text of why it cannot be compared
 * @throws KubeError
 */
export async function verifyInstalled(client: KubeClient): Promise<{ installation: Installation; verified: Verified | string }[]> {
  const all = await installations(client);
  return inParallel(all, async (installation) => {
    const { namespace, revision } = installation;
    try {
      const { values } = expected(all, readValues({ revision }).values, { istioNamespace: namespace, revision });
      return { installation, verified: await compare(client, installation, values, false) };
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      return { installation, verified: error.message };
    }
  });
}

async function verify(
  client: KubeClient,
  installation: Installation | undefined,
  values: Values,
  { isGiven, colour }: { isGiven: boolean; colour: boolean },
): Promise<number> {
  const verified = await compare(client, installation, values, isGiven);
  const style = await styleFor(colour);
  write('stdout', verifiedText(verified, style));
  return verified.findings.some(({ isWarning }) => !isWarning) ? exitCode.error : exitCode.ok;
}

async function compare(client: KubeClient, installation: Installation | undefined, values: Values, isGiven: boolean): Promise<Verified> {
  const weftVersion = installation?.version ?? version;
  const webhooks = await mutatingWebhooks(client);
  const rendering = { weftVersion };
  // Whether the default was free when it was installed is not known any more: what it had then, its own tag tells.
  const desired = withDefaultTag(renderManifests(values, rendering), values, rendering, { webhooks, areOtherRevisions: true });
  const record = installedNames(values.revision).values;
  const options = { owner: values.namespace, revision: values.revision, version: weftVersion };
  const { objects } = planOf(desired, await readLive(client, desired, values.namespace), options);
  // What the user gave is not what is verified.
  const compared = objects.filter(({ ref }) => !(ref.kind === 'ConfigMap' && ref.name === record));

  const findings = compared.flatMap(differences);
  if (installation?.interruptedAt !== undefined && !isGiven) findings.unshift({ text: interrupted(installation).message });
  for (const { live } of compared) {
    if (!live) continue;
    const { ready, reason } = await readinessOf(client, live);
    if (!ready) findings.push({ text: `${refText(refOf(live))} is not ready: ${reason}` });
    findings.push(...withoutAuthority(live));
  }
  return { findings, count: compared.length, values, weftVersion };
}

function differences({ action, ref, changes }: PlannedObject): Finding[] {
  switch (action) {
    case 'create':
      return [{ text: `${refText(ref)} is missing` }];
    case 'remove':
      return [{ text: `${refText(ref)} is left over: these values do not have it` }];
    case 'change':
      return changes.map(({ path, from, to, owners }) => {
        const who = owners.length > 0 ? ` (set by ${owners.join(', ')})` : '';
        return { text: `${refText(ref)}: ${fieldText(path)} is ${short(from)}, not ${short(to)}${who}` };
      });
    default:
      return [];
  }
}

function short(value: unknown): string {
  if (value === undefined) return 'absent';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** The controller writes it: without, the API server does not trust it, and pods are refused. */
function withoutAuthority(object: KubeObject): Finding[] {
  if (!object.kind.endsWith('WebhookConfiguration') || !Array.isArray(object.webhooks)) return [];
  const hooks = object.webhooks as { clientConfig?: { caBundle?: string } }[];
  if (hooks.every(({ clientConfig }) => clientConfig?.caBundle)) return [];
  return [{ text: `${refText(refOf(object))} has no certificate authority yet, which the controller writes into it`, isWarning: true }];
}

/** What `weft verify-install` prints. */
export function verifiedText({ findings, count, values, weftVersion }: Verified, style: Style): string {
  const lines = findings.map(({ text, isWarning }) => `${isWarning ? style.warning('‼') : style.error('✘')} ${text}`);
  const errors = findings.filter(({ isWarning }) => !isWarning).length;
  const what = `weft ${weftVersion}, revision ${values.revision}, in namespace ${values.namespace}`;
  if (errors === 0) lines.push(`${style.good('✔')} ${counted(count, 'object')} of ${what} ${count === 1 ? 'is' : 'are'} as installed`);
  else
    lines.push(
      '',
      `${counted(errors, 'problem')} in ${counted(count, 'object')} of ${what}. weft install, with the same values, repairs what can be repaired.`,
    );
  return `${lines.join('\n')}\n`;
}
