// Which pods the flags choose: NAMESPACES/DEPLOYMENTS/PODS/LABELS/ANNOTATIONS/CONTAINERS, each with commas between several.
import { listOf } from '../../inject/lists.ts';
import type { KubeObject } from '../../kube/object.ts';
import { systemNamespaces } from '../../manifest/load.ts';
import { usageError } from '../exit.ts';

/** One --include or --exclude. Of each part one has to match, of labels and annotations all. */
interface Spec {
  namespaces: readonly RegExp[];
  owners: readonly RegExp[];
  pods: readonly RegExp[];
  labels: readonly Pair[];
  annotations: readonly Pair[];
  containers: readonly RegExp[];
}

interface Pair {
  key: string;
  value: RegExp;
}

const form = 'It is NAMESPACES/DEPLOYMENTS/PODS/LABELS/ANNOTATIONS/CONTAINERS, where each part may be left out: "shop,pay*", "shop/cart", "shop//*/app=cart".';

export class PodFilter {
  /** Some pods were asked for, and the others were not. */
  readonly isNarrowed: boolean;
  private readonly include: readonly Spec[];
  private readonly exclude: readonly Spec[];

  constructor(include: readonly Spec[], exclude: readonly Spec[]) {
    this.isNarrowed = include.length > 0;
    this.include = include;
    this.exclude = exclude;
  }

  /**
   * Whether anything of a pod is wanted.
   *
   * @param owner name of the Deployment, StatefulSet … that made it; empty where it has none
   */
  wantsPod(pod: KubeObject, owner: string): boolean {
    if (systemNamespaces.has(pod.metadata.namespace ?? '')) return false;
    if (this.include.length > 0 && !this.include.some((spec) => matches(spec, pod, owner))) return false;
    return !this.excludesPod(pod, owner);
  }

  /** What excludes some of its containers leaves the pod. */
  excludesPod(pod: KubeObject, owner: string): boolean {
    return this.exclude.some((spec) => spec.containers.length === 0 && matches(spec, pod, owner));
  }

  wantsContainer(pod: KubeObject, owner: string, container: string): boolean {
    const has = ({ containers }: Spec): boolean => containers.length === 0 || containers.some((pattern) => pattern.test(container));
    if (this.include.length > 0 && !this.include.some((spec) => matches(spec, pod, owner) && has(spec))) return false;
    return !this.exclude.some((spec) => matches(spec, pod, owner) && has(spec));
  }

  /** Whether a workload of this name is wanted, of which there may be no pods. */
  wantsWorkload(namespace: string, name: string, labels: Readonly<Record<string, string>>, annotations: Readonly<Record<string, string>>): boolean {
    const pod: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name, labels: { ...labels }, annotations: { ...annotations } } };
    return this.wantsPod(pod, name);
  }
}

/** @throws CliError (usage) */
export function parseFilters(include: readonly string[], exclude: readonly string[]): PodFilter {
  return new PodFilter(
    include.map((text) => parse('include', text)),
    exclude.map((text) => parse('exclude', text)),
  );
}

function parse(flag: string, text: string): Spec {
  const parts = text.split('/');
  // Keys of labels have slashes themselves.
  const joined = joinKeys(parts);
  if (text.trim() === '' || joined.length > 6) throw usageError(`--${flag} "${text}" ${text.trim() === '' ? 'chooses nothing' : 'has too many parts'}`, form);
  const [namespaces = '', owners = '', pods = '', labels = '', annotations = '', containers = ''] = joined;
  return {
    namespaces: patterns(namespaces),
    owners: patterns(owners),
    pods: patterns(pods),
    labels: pairs(flag, labels),
    annotations: pairs(flag, annotations),
    containers: patterns(containers),
  };
}

/** `a/b/c/app.kubernetes.io/name=x` has four parts: a domain stands before the name of a key. */
function joinKeys(parts: readonly string[]): string[] {
  const out: string[] = [];
  for (const part of parts) {
    const before = out.at(-1);
    const isKey = out.length >= 4 && before !== undefined && !before.split(',').at(-1)?.includes('=') && /^[^=,]+=/.test(part) && before.includes('.');
    if (isKey) out[out.length - 1] = `${before}/${part}`;
    else out.push(part);
  }
  return out;
}

/** None: all match. */
function patterns(text: string): RegExp[] {
  const all = listOf(text);
  return all.includes('*') ? [] : all.map(glob);
}

function glob(text: string): RegExp {
  return new RegExp(
    `^${text
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('\\*', '.*')
      .replaceAll('\\?', '.')}$`,
  );
}

function pairs(flag: string, text: string): Pair[] {
  return listOf(text)
    .filter((item) => item !== '*')
    .map((item) => {
      const at = item.indexOf('=');
      const key = at < 0 ? item : item.slice(0, at);
      if (key === '' || key.includes('*')) throw usageError(`--${flag}: "${item}" is no KEY=VALUE, where the value may have * in it`, form);
      return { key, value: at < 0 ? /^/ : glob(item.slice(at + 1)) };
    });
}

function matches(spec: Spec, { metadata }: KubeObject, owner: string): boolean {
  const one = (list: readonly RegExp[], text: string): boolean => list.length === 0 || list.some((pattern) => pattern.test(text));
  const all = (list: readonly Pair[], values: Readonly<Record<string, string>> = {}): boolean =>
    list.every(({ key, value }) => values[key] !== undefined && value.test(values[key]));
  return (
    one(spec.namespaces, metadata.namespace ?? '') &&
    one(spec.owners, owner) &&
    one(spec.pods, metadata.name ?? '') &&
    all(spec.labels, metadata.labels) &&
    all(spec.annotations, metadata.annotations)
  );
}
