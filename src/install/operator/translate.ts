// An IstioOperator (install.istio.io/v1alpha1) as our values, so that users of the reference can bring theirs.
import type { Path } from '../../manifest/problem.ts';
import { isValueMap } from '../schema/set-text.ts';
import { environment, type GatewayNames, gatewayList } from './gateways.ts';
import { fields, instead, only, type Part, plain, type Target, to } from './translation.ts';
import { chartValues, noAmbient, noCni, oneImage } from './values.ts';

/** Fields of its spec that our values do not have by that name. */
const operatorOnly: ReadonlySet<string> = new Set([
  'addonComponents',
  'compatibilityVersion',
  'components',
  'hub',
  'installPackagePath',
  'resourceSuffix',
  'tag',
  'unvalidatedValues',
  'values',
]);

/** Whether a path of `--set` is one of an IstioOperator's spec. Fields that both have mean the same in both. */
export function isOperatorPath(first: unknown): boolean {
  return typeof first === 'string' && operatorOnly.has(first);
}

const noOverlays = 'change what weft manifest generate prints instead, for example with kustomize';

const component = (name: Path): Part =>
  fields({ enabled: to(...name), hub: instead(oneImage), tag: instead(oneImage), namespace: instead('set namespace') }, noOverlays);

const absent = (text: string): Part => fields({ enabled: only(false, text), namespace: () => {}, hub: () => {}, tag: () => {} }, text);

const controller: Part = fields(
  {
    enabled: to('controller', 'enabled'),
    hub: instead(oneImage),
    tag: instead(oneImage),
    namespace: instead('set namespace'),
    k8s: fields(
      {
        affinity: to('controller', 'affinity'),
        env: environment('controller', 'env'),
        hpaSpec: instead('the control plane has a fixed number of pods: controller.replicas'),
        imagePullPolicy: to('image', 'pullPolicy'),
        nodeSelector: to('controller', 'nodeSelector'),
        podAnnotations: to('controller', 'podAnnotations'),
        priorityClassName: to('controller', 'priorityClassName'),
        replicaCount: to('controller', 'replicas'),
        resources: to('controller', 'resources'),
        serviceAnnotations: to('controller', 'serviceAnnotations'),
        tolerations: to('controller', 'tolerations'),
      },
      noOverlays,
    ),
  },
  noOverlays,
);

const specFields = (names: GatewayNames): Part =>
  fields(
    {
      addonComponents: instead('install Prometheus, Grafana and others by themselves'),
      compatibilityVersion: only('', 'weft behaves as one version'),
      components: fields(
        {
          base: component(['crds', 'enabled']),
          cni: absent(noCni),
          egressGateways: gatewayList('egressGateways', names),
          ingressGateways: gatewayList('ingressGateways', names),
          istiodRemote: absent('a control plane serves the cluster that it runs in'),
          pilot: controller,
          ztunnel: absent(noAmbient),
        },
        'weft has no such component',
      ),
      hub: to('image', 'hub'),
      installPackagePath: instead('weft brings all that it installs'),
      meshConfig: to('meshConfig'),
      namespace: to('namespace'),
      profile: to('profile'),
      resourceSuffix: instead('set revision'),
      revision: (value, from, target) => {
        if (plain(value) !== '') target.put(['revision'], value, from);
      },
      tag: to('image', 'tag'),
      unvalidatedValues: instead('use values of weft’s own'),
      values: chartValues,
    },
    'an IstioOperator has no such field',
  );

export interface Translated {
  /** Not yet checked: our values, with the values that the user gave. */
  values: Record<string, unknown>;
  /** Where a value came from: the path in the IstioOperator by the path of ours as JSON. */
  sources: Map<string, Path>;
}

/**
 * @param base where the spec is: `['spec']` in a file, nothing in a `--set`
 * @param names changed by what the spec says of gateways
 */
export function translateOperator(spec: unknown, base: Path, names: GatewayNames, problems: Pick<Target, 'refuse' | 'wrong'>): Translated {
  const values: Record<string, unknown> = {};
  const sources = new Map<string, Path>();
  const put = (path: Path, value: unknown, from: Path): void => {
    if (value === undefined || value === null) return;
    let at: unknown = values;
    const real: (string | number)[] = [];
    for (let i = 0; i < path.length; i++) {
      const last = i === path.length - 1;
      if (Array.isArray(at)) at = itemOf(at, path[i] as string, real);
      else {
        const key = path[i] as string;
        real.push(key);
        const map = at as Record<string, unknown>;
        if (last) map[key] = isValueMap(map[key]) && isValueMap(value) ? { ...map[key], ...value } : value;
        else map[key] ??= real.length === 1 && key === 'gateways' ? [] : {};
        at = map[key];
      }
    }
    sources.set(JSON.stringify(real), from);
  };
  specFields(names)(spec, base, { ...problems, put });
  return { values, sources };
}

/** The item of a list that is merged by name. */
function itemOf(list: unknown[], name: string, real: (string | number)[]): unknown {
  let index = list.findIndex((item) => (item as { name: unknown }).name === name);
  if (index < 0) index = list.push({ name }) - 1;
  real.push(index);
  return list[index];
}
