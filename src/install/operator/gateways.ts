// Gateways of an IstioOperator, in both of its spellings.
import type { Path } from '../../manifest/problem.ts';
import { egressGateway, ingressGateway } from '../profiles.ts';
import { isValueMap, type SetText } from '../schema/set-text.ts';
import { fields, instead, only, type Part, plain, type Target, to } from './translation.ts';

/** Names of the gateways of each list, for later layers that speak of them by index. */
export type GatewayNames = Record<'ingressGateways' | 'egressGateways', string[]>;

export const gatewayNames = (): GatewayNames => ({ ingressGateways: [ingressGateway], egressGateways: [egressGateway] });

const noOverlays = 'change what weft manifest generate prints instead, for example with kustomize';

/** `env` of a container: a list of names and values. */
export const environment =
  (...path: Path): Part =>
  (value, from, target) => {
    if (!Array.isArray(value)) {
      target.wrong(from, 'has to be a list of names and values');
      return;
    }
    value.forEach((item: unknown, i) => {
      if (!isValueMap(item)) return;
      if (item.valueFrom !== undefined) target.refuse([...from, i, 'valueFrom'], 'give the value itself in env of weft’s values');
      else if (typeof plain(item.name) === 'string') target.put([...path, String(plain(item.name))], item.value ?? '', [...from, i, 'value']);
      else target.wrong([...from, i], 'has no name');
    });
  };

/** A number of pods of the autoscaler. */
function autoscaling(gateway: Path): Part {
  return fields(
    {
      minReplicas: to(...gateway, 'replicas'),
      maxReplicas: to(...gateway, 'maxReplicas'),
      scaleTargetRef: () => {},
    },
    'the autoscaler looks at the processor time only',
  );
}

/** Ports of a Service; TCP is all that a gateway serves. */
function ports(gateway: Path): Part {
  return (value, from, target) => {
    if (!Array.isArray(value)) {
      target.wrong(from, 'has to be a list of ports');
      return;
    }
    const list = value.map((item: unknown, i) => {
      if (!isValueMap(item)) return item;
      const { protocol, ...rest } = item;
      if (protocol !== undefined && plain(protocol) !== 'TCP') target.refuse([...from, i, 'protocol'], 'gateways serve TCP');
      return rest;
    });
    target.put([...gateway, 'service', 'ports'], list, from);
  };
}

const serviceFields = (gateway: Path): Readonly<Record<string, Part>> => ({
  type: to(...gateway, 'service', 'type'),
  ports: ports(gateway),
  externalTrafficPolicy: to(...gateway, 'service', 'externalTrafficPolicy'),
  loadBalancerIP: to(...gateway, 'service', 'loadBalancerIP'),
});

const podFields = (gateway: Path): Readonly<Record<string, Part>> => ({
  resources: to(...gateway, 'resources'),
  nodeSelector: to(...gateway, 'nodeSelector'),
  tolerations: to(...gateway, 'tolerations'),
  affinity: to(...gateway, 'affinity'),
  podAnnotations: to(...gateway, 'podAnnotations'),
  priorityClassName: to(...gateway, 'priorityClassName'),
});

/** `components.ingressGateways` and `components.egressGateways`. */
export function gatewayList(list: keyof GatewayNames, names: GatewayNames): Part {
  return (value, from, target) => {
    if (!Array.isArray(value)) {
      target.wrong(from, 'has to be a list of gateways');
      return;
    }
    // Items that --set does not speak of are absent.
    for (let i = 0; i < value.length; i++) if (value[i] !== undefined && value[i] !== null) gateway(value[i], [...from, i], target);
  };

  function gateway(value: unknown, from: Path, target: Target): void {
    if (!isValueMap(value)) {
      target.wrong(from, 'has to be a map');
      return;
    }
    const index = from.at(-1) as number;
    const given = plain(value.name);
    const name = typeof given === 'string' ? given : names[list][index];
    if (name === undefined) {
      target.wrong(from, 'has no name');
      return;
    }
    names[list][index] = name;
    const own = ['gateways', name];
    // Gateways of weft are one list: an egress gateway of one's own differs from an ingress gateway by its Service.
    if (list === 'egressGateways' && name !== egressGateway) target.put([...own, 'service', 'type'], 'ClusterIP', from);
    fields(
      {
        name: (_, at, { put }) => put([...own, 'name'], name, at),
        namespace: to(...own, 'namespace'),
        enabled: to(...own, 'enabled'),
        label: to(...own, 'labels'),
        k8s: fields(
          {
            ...podFields(own),
            replicaCount: to(...own, 'replicas'),
            hpaSpec: autoscaling(own),
            env: environment(...own, 'env'),
            serviceAnnotations: to(...own, 'service', 'annotations'),
            service: fields(serviceFields(own), 'weft sets the other fields of Services itself'),
            overlays: instead(noOverlays),
          },
          noOverlays,
        ),
        hub: instead('all parts run one image: set hub and tag of the whole'),
        tag: instead('all parts run one image: set hub and tag of the whole'),
      },
      noOverlays,
    )(value, from, target);
  }
}

/** `values.gateways.istio-ingressgateway` and its sibling. */
export function gatewayValues(name: string): Part {
  const own = ['gateways', name];
  const scaled: Part = (value, from, target) => {
    if (plain(value) === false) target.put([...own, 'maxReplicas'], 0, from);
  };
  return fields(
    {
      ...podFields(own),
      ...serviceFields(own),
      autoscaleEnabled: scaled,
      autoscaleMin: to(...own, 'replicas'),
      autoscaleMax: to(...own, 'maxReplicas'),
      replicaCount: to(...own, 'replicas'),
      serviceAnnotations: to(...own, 'service', 'annotations'),
      labels: to(...own, 'labels'),
      namespace: to(...own, 'namespace'),
      env: environmentMap(...own, 'env'),
      name: only(name, 'add a gateway of that name to gateways of weft’s values'),
      runAsRoot: only(false, 'gateways run without root, and serve ports below 1024 nevertheless'),
      injectionTemplate: only('', 'gateways need no injection'),
    },
    noOverlays,
  );
}

/** `env` as a map; values that are no text are written as one. */
export const environmentMap =
  (...path: Path): Part =>
  (value, from, target) => {
    if (!isValueMap(value)) {
      target.wrong(from, 'has to be a map');
      return;
    }
    for (const [name, item] of Object.entries(value)) {
      const text = typeof item === 'boolean' || typeof item === 'number' ? String(item) : (item as SetText | string);
      target.put([...path, name], text, [...from, name]);
    }
  };
