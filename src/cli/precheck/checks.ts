import { precheckMessages } from '../../analysis/catalogue/precheck.ts';
import type { DataOf, MessageDefinition } from '../../analysis/message.ts';
import { documentationOf, type ReportItem } from '../../analysis/report/report.ts';
import type { Installation } from '../../install/installed.ts';
import { mergeValues } from '../../install/merge.ts';
import { planOf } from '../../install/plan.ts';
import { missingRights, oldestMinor, rightText, tooOld } from '../../install/preflight.ts';
import { renderManifests } from '../../install/render/manifests.ts';
import { compareVersions, versionStep } from '../../install/version-order.ts';
import type { KubeClient } from '../../kube/client.ts';

type Code = keyof typeof precheckMessages;

/** Of one of the messages. @param origin what it is about; empty: the cluster */
export function item<C extends Code>(code: C, origin: string, data: DataOf<(typeof precheckMessages)[C]>): ReportItem {
  const { level, summary, text, help } = precheckMessages[code] as MessageDefinition<unknown>;
  return {
    code,
    level,
    text: text(data),
    summary,
    help: typeof help === 'function' ? help(data) : help,
    effect: undefined,
    analyzer: 'precheck',
    origin,
    resource: undefined,
    field: undefined,
    path: undefined,
    file: undefined,
    place: undefined,
    related: [],
    fix: undefined,
    unparsable: false,
    documentation: documentationOf(code),
  };
}

/** IST0142 */
export async function checkKubernetes(client: KubeClient): Promise<ReportItem[]> {
  const version = tooOld(await client.version());
  return version === undefined ? [] : [item('IST0142', '', { version, minimum: `1.${oldestMinor}` })];
}

/**
 * IST0141, of everything that the default values install.
 *
 * @param namespace of the control plane
 */
export async function checkRights(client: KubeClient, namespace: string, weftVersion: string): Promise<ReportItem[]> {
  const { values } = mergeValues({ files: [], set: [], namespace });
  const { revision } = values;
  const plan = planOf(renderManifests(values, { weftVersion }), [], { owner: namespace, revision, version: weftVersion });
  const verbs = new Map<string, string[]>();
  for (const right of await missingRights(client, plan)) {
    const what = rightText({ ...right, verb: '' });
    verbs.set(what, [...(verbs.get(what) ?? []), right.verb]);
  }
  return [...verbs].map(([what, all]) => item('IST0141', '', { right: `${all.join(' and ')}${what}` }));
}

/** The first version whose GRPCRoute and HTTPRoute are those that weft reads. */
const oldestGatewayApi = '1.1.0';
const bundleVersion = 'gateway.networking.k8s.io/bundle-version';

/** IST0156. A cluster without the Gateway API is as good. */
export async function checkGatewayApi(client: KubeClient): Promise<ReportItem[]> {
  const name = 'gateways.gateway.networking.k8s.io';
  const definition = await client.get({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name });
  const version = definition?.metadata.annotations?.[bundleVersion];
  if (version === undefined || compareVersions(version, oldestGatewayApi) >= 0) return [];
  return [item('IST0156', `CustomResourceDefinition ${name}`, { version, minimum: `v${oldestGatewayApi}` })];
}

/** WFT0020 and WFT0021 */
export function checkInstalled(all: readonly Installation[], revision: string, to: string): ReportItem[] {
  return all.flatMap((one) => {
    const origin = `revision ${one.revision} in ${one.namespace}`;
    const interrupted = one.interruptedAt === undefined ? [] : [item('WFT0021', origin, { revision: one.revision, version: one.interruptedAt })];
    return one.revision === revision && one.version !== undefined ? [...interrupted, ...checkStep(one.revision, one.version, to, origin)] : interrupted;
  });
}

/** WFT0020 */
export function checkStep(revision: string, from: string, to: string, origin = ''): ReportItem[] {
  const step = versionStep(from, to);
  return step === 'older' || step === 'skips' ? [item('WFT0020', origin, { revision, from, to, isOlder: step === 'older' })] : [];
}
