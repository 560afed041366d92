// A gateway: a proxy of its own, with a Service in front of it. Its container is what the injector gives to pods that ask for a gateway.
import { AnnotationReader } from '../../inject/annotations.ts';
import { settingsOf } from '../../inject/settings.ts';
import { proxyContainer } from '../../inject/sidecar.ts';
import { sidecarVolumes } from '../../inject/volumes.ts';
import { injectLabel, revisionLabel } from '../../model/injection.ts';
import type { GatewayValues } from '../values.ts';
import { injectionConfig } from './configmaps.ts';
import { type Context, maker, type RenderedObject } from './object.ts';
import { environment, imagePull, podSecurity, scheduling } from './pod.ts';

export function renderGateway(context: Context, gateway: GatewayValues): RenderedObject[] {
  const { name, labels, replicas, maxReplicas, service } = gateway;
  const namespace = gateway.namespace || context.values.namespace;
  const make = maker(context, 'IngressGateways');
  // Selectors of a Deployment cannot change, and the labels may.
  const selector = { 'weft.mesh/gateway': name };
  const account = `${name}-service-account`;
  const scaled = maxReplicas > 0;
  return [
    make('v1', 'ServiceAccount', { name: account, namespace, labels }),
    make('v1', 'Service', { name, namespace, labels, annotations: service.annotations, spec: { ...serviceSpec(gateway), selector } }),
    make('apps/v1', 'Deployment', {
      name,
      namespace,
      labels,
      spec: {
        // The autoscaler's own where there is one.
        ...(scaled ? {} : { replicas }),
        selector: { matchLabels: selector },
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 }, type: 'RollingUpdate' },
        template: template(context, gateway, account, selector),
      },
    }),
    make('policy/v1', 'PodDisruptionBudget', { name, namespace, labels, spec: { maxUnavailable: 1, selector: { matchLabels: selector } } }),
    ...(scaled ? [make('autoscaling/v2', 'HorizontalPodAutoscaler', { name, namespace, labels, spec: autoscaler(gateway) })] : []),
  ];
}

function serviceSpec({ service }: GatewayValues): object {
  const { type, ports, externalTrafficPolicy, loadBalancerIP } = service;
  return {
    type,
    ...(externalTrafficPolicy ? { externalTrafficPolicy } : {}),
    ...(loadBalancerIP ? { loadBalancerIP } : {}),
    ports: ports.map(({ name, port, targetPort, nodePort }) => ({ name, port, targetPort, protocol: 'TCP', ...(nodePort ? { nodePort } : {}) })),
  };
}

function autoscaler({ name, replicas, maxReplicas }: GatewayValues): object {
  return {
    minReplicas: replicas,
    maxReplicas,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
  };
}

function template(context: Context, gateway: GatewayValues, account: string, selector: Readonly<Record<string, string>>): object {
  const config = { ...injectionConfig(context), resources: gateway.resources };
  const settings = settingsOf({ metadata: {}, spec: { containers: [] } }, config, {}, []);
  const { volumes, mounts } = sidecarVolumes(settings, new AnnotationReader(undefined));
  const { env = [], ports = [], ...container } = proxyContainer('gateway', settings, config, mounts);
  const targets = gateway.service.ports.map(({ targetPort }) => targetPort);
  const served = [...new Set(targets)].map((containerPort) => ({ containerPort, protocol: 'TCP' }));
  // Ports below 1024 need no root where the pod's own network allows everybody to listen there.
  const sysctls = targets.some((port) => port < 1024) ? { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }] } : {};
  return {
    metadata: {
      labels: {
        ...gateway.podLabels,
        ...gateway.labels,
        'service.istio.io/canonical-name': gateway.name,
        'service.istio.io/canonical-revision': 'latest',
        [revisionLabel]: context.values.revision,
        [injectLabel]: 'false',
        ...selector,
      },
      annotations: {
        'prometheus.io/path': '/stats/prometheus',
        'prometheus.io/port': String(settings.agentPort),
        'prometheus.io/scrape': 'true',
        ...gateway.podAnnotations,
      },
    },
    spec: {
      serviceAccountName: account,
      // Nothing in it speaks with the API server.
      automountServiceAccountToken: false,
      ...imagePull(context),
      securityContext: { ...podSecurity(config.uid), ...sysctls },
      ...scheduling(gateway, selector),
      containers: [{ ...container, env: [...env, ...environment(gateway.env)], ports: [...served, ...ports] }],
      volumes,
    },
  };
}
