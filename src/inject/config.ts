// What the injector of one revision injects: the key `config` of its ConfigMap (`injectorName`), as YAML or JSON.

/** `embedded`: weft itself is the sidecar; `envoy`: an Envoy that weft configures and starts. */
export type SidecarEngine = 'embedded' | 'envoy';

/** How connections of the application reach the sidecar. */
export type CaptureMode =
  /** An init container redirects them with iptables. */
  | 'init'
  /** A CNI plug-in of the node did so; the init container checks that it did. */
  | 'cni'
  /** Nothing redirects: the application names the outbound port (HTTP_PROXY, or its own setting). */
  | 'none';

export interface Resources {
  requests?: { cpu?: string; memory?: string };
  limits?: { cpu?: string; memory?: string };
}

export interface InjectionConfig {
  revision: string;
  /** Namespace of the control plane. */
  istioNamespace: string;
  /** The whole reference of the image of sidecar and init container. */
  image: string;
  imagePullPolicy?: string;
  imagePullSecrets?: string[];
  engine: SidecarEngine;
  capture: CaptureMode;
  /** HOST:PORT of the control plane. */
  xdsAddress: string;
  clusterDomain: string;
  clusterId: string;
  meshId: string;
  trustDomain: string;
  /** Namespaces without their own labels: whether their pods are injected where the webhook is called for them. */
  policy: 'enabled' | 'disabled';
  rewriteAppHTTPProbe: boolean;
  holdApplicationUntilProxyStarts: boolean;
  /** `auto`: true where all nodes are of Kubernetes 1.33 or newer. */
  nativeSidecar: boolean | 'auto';
  resources: Resources;
  logLevel: string;
  /** Worker threads; 0: as many as the CPU limit says. */
  concurrency: number;
  /** Comma-separated, as the annotations `traffic.sidecar.istio.io/…` have them. */
  includeIPRanges: string;
  excludeIPRanges: string;
  includeInboundPorts: string;
  excludeInboundPorts: string;
  includeOutboundPorts: string;
  excludeOutboundPorts: string;
  /** Seconds that the sidecar has to end requests under way. */
  drainSeconds: number;
  /** Numeric user and group of the sidecar, whose own traffic is not redirected. */
  uid: number;
  /** Labels of pods that are never, or always, injected, whatever the namespace says; as `metav1.LabelSelector`s. */
  neverInjectSelector: unknown[];
  alwaysInjectSelector: unknown[];
  /** Annotations that every injected pod gets. */
  injectedAnnotations: Record<string, string>;
  /** Templates by name; those of weft are `sidecar` and `gateway`. Others are strategic merge patches of a pod, as YAML. */
  templates: Record<string, string>;
  /** The templates of a pod that names none. */
  defaultTemplates: string[];
}
