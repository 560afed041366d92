// What is installed: the shape of values, after profiles, files and --set are merged (see merge.ts).
import type { InjectionConfig, Resources } from '../inject/config.ts';

export type ProfileName = 'default' | 'minimal' | 'demo' | 'empty';

/** Settings of pods, as a Deployment has them. */
export interface PodSettings {
  resources: Resources;
  nodeSelector: Record<string, string>;
  tolerations: unknown[];
  affinity: Record<string, unknown>;
  podAnnotations: Record<string, string>;
  podLabels: Record<string, string>;
  priorityClassName: string;
  /** Environment variables of the container. */
  env: Record<string, string>;
}

export interface ControllerValues extends PodSettings {
  enabled: boolean;
  /** Two by default: one serves while the other is replaced. */
  replicas: number;
  logLevel: string;
  logFormat: 'text' | 'json';
  /** Whether conditions are written into the status of user resources. */
  statusConditions: boolean;
  /** Beside the namespaces of the gateways: where its gateways have the Secrets that Gateways name. */
  secretNamespaces: string[];
  /** Of certificates of workloads at most, as a duration. */
  maxWorkloadCertTTL: string;
  serviceAnnotations: Record<string, string>;
}

export interface GatewayValues extends PodSettings {
  name: string;
  enabled: boolean;
  /** Empty: the namespace of the control plane. */
  namespace: string;
  /** What Gateway resources select: `istio: ingressgateway`. */
  labels: Record<string, string>;
  replicas: number;
  /** 0: no autoscaler. */
  maxReplicas: number;
  service: {
    type: 'LoadBalancer' | 'NodePort' | 'ClusterIP';
    ports: { name: string; port: number; targetPort: number; nodePort?: number }[];
    annotations: Record<string, string>;
    externalTrafficPolicy?: 'Cluster' | 'Local';
    loadBalancerIP?: string;
  };
}

export interface Values {
  profile: ProfileName;
  /** Of the control plane. */
  namespace: string;
  /** `default` has names without a suffix. */
  revision: string;
  image: {
    /** Registry and path: the image is HUB/NAME:TAG. */
    hub: string;
    name: string;
    /** Empty: the version of the weft that installs. */
    tag: string;
    pullPolicy: string;
    pullSecrets: string[];
  };
  crds: { enabled: boolean };
  /** Over the built-in mesh configuration; validated as the mesh's own. */
  meshConfig: Record<string, unknown>;
  meshNetworks: Record<string, unknown>;
  controller: ControllerValues;
  gateways: GatewayValues[];
  validation: { enabled: boolean; failurePolicy: 'Fail' | 'Ignore' };
  injector: {
    enabled: boolean;
    failurePolicy: 'Fail' | 'Ignore';
    /** Namespaces without labels are injected, too. */
    enableNamespacesByDefault: boolean;
  } & Pick<InjectionConfig, 'rewriteAppHTTPProbe' | 'neverInjectSelector' | 'alwaysInjectSelector' | 'injectedAnnotations' | 'templates' | 'defaultTemplates'>;
  proxy: Pick<
    InjectionConfig,
    | 'engine'
    | 'capture'
    | 'resources'
    | 'logLevel'
    | 'concurrency'
    | 'holdApplicationUntilProxyStarts'
    | 'nativeSidecar'
    | 'includeIPRanges'
    | 'excludeIPRanges'
    | 'includeInboundPorts'
    | 'excludeInboundPorts'
    | 'includeOutboundPorts'
    | 'excludeOutboundPorts'
    | 'drainSeconds'
  >;
  clusterDomain: string;
  clusterId: string;
  meshId: string;
}

export const componentNames = ['Base', 'Controller', 'IngressGateways'] as const;
/** `Base` is what all revisions share: definitions of kinds, and the namespace. */
export type Component = (typeof componentNames)[number];

/** Labels of everything that is installed. Revisions are told by `istio.io/rev`. */
export const ownerLabels = {
  component: 'weft.mesh/component',
  /** Namespace of the control plane that it belongs to. */
  owner: 'weft.mesh/owner',
  version: 'weft.mesh/version',
} as const;

export const fieldManager = 'weft';

/** `base` for the default revision, `base-REVISION` for others. */
function withRevision(base: string, revision: string): string {
  return revision === '' || revision === 'default' ? base : `${base}-${revision}`;
}

/** Names of what is installed, of one revision. */
export function installedNames(revision: string) {
  return {
    /** Deployment, Service, ServiceAccount, PodDisruptionBudget, Lease. */
    controller: withRevision('weft-controller', revision),
    meshConfig: withRevision('istio', revision),
    injector: withRevision('istio-sidecar-injector', revision),
    /** ConfigMap with the values and the version that were installed. */
    values: withRevision('weft-values', revision),
    mutatingWebhook: withRevision('weft-sidecar-injector', revision),
    validatingWebhook: withRevision('weft-validator', revision),
    tagWebhook: (tag: string): string => `weft-revision-tag-${tag}`,
    /** Secret with the certificate authority and the serving certificate of the controller. */
    servingCertificate: withRevision('weft-controller-serving', revision),
    /** Secrets with the root of the mesh, and with the intermediate of a user; of all revisions. */
    rootSecret: 'istio-ca-secret',
    pluggedSecret: 'cacerts',
    /** ConfigMap with the roots of the mesh, in every namespace; of all revisions. */
    roots: 'istio-ca-root-cert',
  };
}

/** Ports of the controller's Service and container; `xds`, in plain text, on loopback only. */
export const controllerPorts = { secure: 15012, xds: 15010, monitoring: 15014, webhook: 15017, webhookService: 443 } as const;
