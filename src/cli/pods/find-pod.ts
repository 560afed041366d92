import type { KubeClient } from '../../kube/client.ts';
import { labelSelectorText } from '../../kube/label-selector.ts';
import type { KubeObject } from '../../kube/object.ts';
import { isPodReady, podReason } from '../../kube/pod-reason.ts';
import { isRunning, listPods } from '../../kube/pods.ts';
import type { PodName } from '../../kube/port-forward.ts';
import { knownNames } from '../../manifest/known-names.ts';
import { CliError } from '../exit.ts';
import { write } from '../terminal.ts';
import type { PodTarget } from './pod-name.ts';

/**
 * The pod that is named. One that is named itself is not looked for, which takes no right to read pods; of others the first that is ready
 * is taken, and standard error says which.
 *
 * @param namespace of names that have none
 * @throws CliError where there is no such object, or it has no pod that runs; KubeError
 */
export async function findPod(client: KubeClient, { owner, name, namespace: said }: PodTarget, namespace: string): Promise<PodName> {
  const within = said ?? namespace;
  if (!owner) return { namespace: within, name };
  const what = `${owner.kind} ${within}/${name}`;
  const object = await client.get({ ...owner, namespace: within, name });
  if (!object) throw new CliError(`there is no ${what}`, undefined, `kubectl get ${owner.kind.toLowerCase()} -n ${within} lists those that are there.`);
  const selector = selectorOf(owner.kind, object);
  if (selector === '') throw new CliError(`${what} selects no pods`, undefined, 'Name a pod.');
  const pods = await listPods(client, selector, within);
  if (pods.length === 0) throw new CliError(`${what} has no pods`, undefined, `Its selector is ${selector}.`);
  const running = pods.filter(isRunning);
  const chosen = running.find(isPodReady) ?? running[0];
  if (!chosen) {
    const reasons = new Set(pods.map((pod) => podReason(pod) || 'it has ended'));
    throw new CliError(`no pod of ${what} runs: ${[...reasons].join('; ')}`);
  }
  const pod = chosen.metadata.name ?? '';
  if (pods.length > 1) write('stderr', `Pod ${pod}, one of ${pods.length} of ${what}.\n`);
  return { namespace: within, name: pod };
}

/** What to do where a pod is not there: a sentence that names those that are. Empty where they may not be listed. */
export async function podsThere(client: KubeClient, { namespace, name }: PodName): Promise<string> {
  try {
    const names = (await listPods(client, undefined, namespace)).map(({ metadata }) => metadata.name ?? '');
    if (names.length === 0) return `Namespace ${namespace} has no pods: -n, or NAME.NAMESPACE, tells another one.`;
    const own = names.filter((one) => one.startsWith(`${name}-`));
    return own.length > 0
      ? `Pods that begin so: ${own.slice(0, 5).join(', ')}; deploy/${name} takes one of them.`
      : knownNames(name, names, `Namespace ${namespace} has`);
  } catch {
    return '';
  }
}

function selectorOf(kind: string, { spec }: KubeObject): string {
  const { selector } = (spec ?? {}) as { selector?: object };
  return labelSelectorText(kind === 'Service' ? { matchLabels: selector as Record<string, string> | undefined } : (selector ?? {}));
}
