// The parts of the core kinds that weft reads. Fields are as in the Kubernetes API.
import type { RawObject, Resource } from '../manifest/resource.ts';

export interface ServicePort {
  name?: string;
  protocol?: string;
  port: number;
  targetPort?: number | string;
  nodePort?: number;
  appProtocol?: string;
}
export interface ServiceSpec {
  selector?: Record<string, string>;
  ports?: ServicePort[];
  type?: string;
  clusterIP?: string;
  externalName?: string;
}
export type Service = Resource<ServiceSpec>;

export interface ContainerPort {
  name?: string;
  containerPort: number;
  protocol?: string;
}
export interface Container {
  name?: string;
  image?: string;
  ports?: ContainerPort[];
  securityContext?: { runAsUser?: number };
}
export interface PodSpec {
  containers?: Container[];
  initContainers?: Container[];
  securityContext?: { runAsUser?: number };
  hostNetwork?: boolean;
  nodeName?: string;
  serviceAccountName?: string;
}
export type Pod = Resource<PodSpec>;

export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: PodSpec;
}
export interface WorkloadControllerSpec {
  replicas?: number;
  selector?: LabelSelector;
  template?: PodTemplate;
}
export type Deployment = Resource<WorkloadControllerSpec>;
export type Namespace = Resource;
export type Node = Resource;

export interface Data<T> extends RawObject {
  data?: Record<string, T>;
  stringData?: Record<string, string>;
  type?: string;
}
export type ConfigMap = Resource & { raw: Data<string> };
export type Secret = Resource & { raw: Data<string> };

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}
export interface Webhook {
  name?: string;
  clientConfig?: { url?: string; service?: { name?: string; namespace?: string; path?: string; port?: number } };
  namespaceSelector?: LabelSelector;
  objectSelector?: LabelSelector;
}
export type WebhookConfiguration = Resource & { raw: RawObject & { webhooks?: Webhook[] } };
