// Built-in sets of values: `default`, and what others have otherwise.
import type { GatewayValues, PodSettings, ProfileName, Values } from './values.ts';

export const profileNames: readonly ProfileName[] = ['default', 'demo', 'minimal', 'empty'];

/** What each profile is for, for lists. */
export const profileSummaries: Readonly<Record<ProfileName, string>> = {
  default: 'for production: a control plane of two replicas, and an ingress gateway that scales with its load',
  demo: 'for trying things out: small, with an ingress and an egress gateway and access logs',
  minimal: 'the control plane alone: gateways are made by others, or not needed',
  empty: 'nothing: a base for installations that name every part',
};

const noPodSettings: Omit<PodSettings, 'resources'> = {
  nodeSelector: {},
  tolerations: [],
  affinity: {},
  podAnnotations: {},
  podLabels: {},
  priorityClassName: '',
  env: {},
};

/** What a gateway has that a user adds under this name. */
export function gatewayDefaults(name: string): GatewayValues {
  return {
    name,
    enabled: true,
    namespace: '',
    labels: { app: name, istio: name.replace(/^istio-/, '') },
    replicas: 1,
    maxReplicas: 5,
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '2', memory: '1Gi' } },
    ...noPodSettings,
    service: {
      type: 'LoadBalancer',
      ports: [
        { name: 'status-port', port: 15021, targetPort: 15021 },
        { name: 'http2', port: 80, targetPort: 8080 },
        { name: 'https', port: 443, targetPort: 8443 },
      ],
      annotations: {},
    },
  };
}

export const ingressGateway = 'istio-ingressgateway';
export const egressGateway = 'istio-egressgateway';

function egressDefaults(): GatewayValues {
  const gateway = gatewayDefaults(egressGateway);
  const ports = gateway.service.ports.filter(({ name }) => name !== 'status-port');
  return { ...gateway, enabled: false, service: { type: 'ClusterIP', ports, annotations: {} } };
}

function defaults(): Values {
  return {
    profile: 'default',
    namespace: 'istio-system',
    revision: 'default',
    image: { hub: 'localhost', name: 'weft', tag: '', pullPolicy: 'IfNotPresent', pullSecrets: [] },
    crds: { enabled: true },
    meshConfig: {},
    meshNetworks: {},
    controller: {
      enabled: true,
      replicas: 2,
      logLevel: 'info',
      logFormat: 'json',
      statusConditions: false,
      secretNamespaces: [],
      maxWorkloadCertTTL: '2160h',
      serviceAnnotations: {},
      resources: { requests: { cpu: '250m', memory: '512Mi' }, limits: { memory: '2Gi' } },
      ...noPodSettings,
    },
    gateways: [gatewayDefaults(ingressGateway), egressDefaults()],
    validation: { enabled: true, failurePolicy: 'Ignore' },
    injector: {
      enabled: true,
      failurePolicy: 'Fail',
      enableNamespacesByDefault: false,
      rewriteAppHTTPProbe: true,
      neverInjectSelector: [],
      alwaysInjectSelector: [],
      injectedAnnotations: {},
      templates: {},
      defaultTemplates: ['sidecar'],
    },
    proxy: {
      engine: 'embedded',
      capture: 'init',
      resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '2', memory: '1Gi' } },
      logLevel: 'warning',
      concurrency: 0,
      holdApplicationUntilProxyStarts: false,
      nativeSidecar: 'auto',
      includeIPRanges: '*',
      excludeIPRanges: '',
      includeInboundPorts: '*',
      excludeInboundPorts: '',
      includeOutboundPorts: '',
      excludeOutboundPorts: '',
      drainSeconds: 5,
    },
    clusterDomain: 'cluster.local',
    clusterId: 'Kubernetes',
    meshId: '',
  };
}

/** Turns the defaults into a profile, in place. */
const changes: Readonly<Record<ProfileName, (values: Values) => void>> = {
  default: () => {},
  minimal: ({ gateways }) => {
    for (const gateway of gateways) gateway.enabled = false;
  },
  demo: (values) => {
    values.meshConfig = { accessLogFile: '/dev/stdout' };
    values.controller.replicas = 1;
    values.controller.resources = { requests: { cpu: '10m', memory: '128Mi' } };
    for (const gateway of values.gateways) {
      Object.assign(gateway, { enabled: true, maxReplicas: 0, resources: { requests: { cpu: '10m', memory: '40Mi' } } });
      if (gateway.name === ingressGateway)
        gateway.service.ports.push({ name: 'tcp', port: 31400, targetPort: 31400 }, { name: 'tls', port: 15443, targetPort: 15443 });
    }
    values.proxy.resources = { requests: { cpu: '10m', memory: '40Mi' }, limits: { cpu: '2', memory: '1Gi' } };
  },
  empty: ({ crds, controller, gateways }) => {
    crds.enabled = false;
    controller.enabled = false;
    for (const gateway of gateways) gateway.enabled = false;
  },
};

/** The values of a profile, each time anew. */
export function profileValues(profile: ProfileName): Values {
  const values = defaults();
  changes[profile](values);
  values.profile = profile;
  return values;
}
