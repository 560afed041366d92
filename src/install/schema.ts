// The schema of all values: what is allowed, and what it is for. docs/values.md is made of it.
import * as formats from './schema/formats.ts';
import { gateway } from './schema/gateway.ts';
import { labelSelector, podSettings, resources } from './schema/pod.ts';
import type { ObjectSchema, Schema } from './schema/types.ts';

/** As `weft controller` and `weft proxy run` take them. */
const logLevels = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;

const failurePolicy = (about: string): Schema => ({ type: 'text', about, oneOf: ['Fail', 'Ignore'] });

const image: ObjectSchema = {
  type: 'object',
  about: 'The image of the control plane, of gateways and of sidecars: HUB/NAME:TAG',
  fields: {
    hub: { type: 'text', about: 'Registry and path', format: formats.hub },
    name: { type: 'text', about: 'Name of the image', format: formats.imageName },
    tag: { type: 'text', about: 'Tag (empty: the version of the weft that installs)', format: formats.imageTag },
    pullPolicy: { type: 'text', about: 'When nodes ask the registry for it', oneOf: ['Always', 'IfNotPresent', 'Never'] },
    pullSecrets: {
      type: 'list',
      about: 'Secrets with credentials for the registry; each namespace with sidecars needs them',
      items: { type: 'text', about: 'Name of a Secret', format: formats.secretName },
    },
  },
};

const controller: ObjectSchema = {
  type: 'object',
  about: 'The control plane',
  fields: {
    enabled: { type: 'boolean', about: 'Whether it is installed' },
    replicas: { type: 'integer', about: 'Number of pods: one serves while another is replaced', min: 1, max: 100 },
    logLevel: { type: 'text', about: 'What it logs', oneOf: logLevels },
    logFormat: { type: 'text', about: 'How it logs', oneOf: ['text', 'json'] },
    statusConditions: { type: 'boolean', about: 'Whether it writes conditions into the status of user resources' },
    secretNamespaces: {
      type: 'list',
      about: 'Namespaces beside those of the gateways below whose Secrets it may read: of other gateways, with certificates by credentialName',
      items: { type: 'text', about: 'Name of a namespace', format: formats.dnsLabel },
    },
    maxWorkloadCertTTL: {
      type: 'text',
      about: 'How long a certificate of a workload is valid at most; 24h where none is asked for',
      format: formats.duration,
    },
    serviceAnnotations: {
      type: 'map',
      about: 'Annotations of its Service',
      key: formats.qualifiedName,
      values: { type: 'text', about: 'Value of the annotation' },
    },
    ...podSettings('the control plane'),
  },
};

const injector: ObjectSchema = {
  type: 'object',
  about: 'Injection of sidecars',
  fields: {
    enabled: { type: 'boolean', about: 'Whether new pods are injected' },
    failurePolicy: failurePolicy('Whether pods are refused (Fail) or made without a sidecar (Ignore) while no control plane answers'),
    enableNamespacesByDefault: { type: 'boolean', about: 'Whether namespaces without labels are injected, too' },
    rewriteAppHTTPProbe: { type: 'boolean', about: 'Whether probes of applications go through the sidecar, past its redirection' },
    neverInjectSelector: { type: 'list', about: 'Pods that are never injected', items: labelSelector },
    alwaysInjectSelector: { type: 'list', about: 'Pods that are injected wherever the webhook is asked', items: labelSelector },
    injectedAnnotations: {
      type: 'map',
      about: 'Annotations that every injected pod gets',
      key: formats.qualifiedName,
      values: { type: 'text', about: 'Value of the annotation' },
    },
    templates: {
      type: 'map',
      about: 'Your own templates by name: strategic merge patches of a pod, as YAML',
      values: { type: 'text', about: 'The patch', format: formats.podPatch },
    },
    defaultTemplates: {
      type: 'list',
      about: 'Templates of a pod that names none, in order',
      items: { type: 'text', about: 'sidecar, gateway, or one of templates' },
    },
  },
};

const proxy: ObjectSchema = {
  type: 'object',
  about: 'Sidecars',
  fields: {
    engine: { type: 'text', about: 'What the sidecar is: weft itself, or an Envoy that weft configures', oneOf: ['embedded', 'envoy'] },
    capture: {
      type: 'text',
      about: 'How connections reach it: an init container redirects them, a CNI plug-in did, or nothing does',
      oneOf: ['init', 'cni', 'none'],
    },
    resources: resources('a sidecar'),
    logLevel: { type: 'text', about: 'What it logs', oneOf: logLevels },
    concurrency: { type: 'integer', about: 'Worker threads; 0: as many as the CPU limit says', min: 0, max: 1024 },
    holdApplicationUntilProxyStarts: { type: 'boolean', about: 'Whether containers of the application start only after the sidecar is ready' },
    nativeSidecar: {
      type: 'boolean',
      about: 'Whether it is an init container that keeps running; auto: where all nodes are of Kubernetes 1.33 or newer',
      or: 'auto',
    },
    includeIPRanges: { type: 'text', about: 'Destinations whose connections go through it', format: formats.cidrList },
    excludeIPRanges: { type: 'text', about: 'Destinations whose connections do not', format: formats.plainCidrList },
    includeInboundPorts: { type: 'text', about: 'Ports of the application that it serves', format: formats.portList },
    excludeInboundPorts: { type: 'text', about: 'Ports of the application that it leaves alone', format: formats.plainPortList },
    includeOutboundPorts: { type: 'text', about: 'Ports whose connections go through it wherever they lead', format: formats.plainPortList },
    excludeOutboundPorts: { type: 'text', about: 'Ports whose connections do not', format: formats.plainPortList },
    drainSeconds: { type: 'integer', about: 'Seconds that it has to end requests under way', min: 0, max: 3600 },
  },
};

export const valuesSchema: ObjectSchema = {
  type: 'object',
  about: 'What is installed',
  fields: {
    profile: { type: 'text', about: 'Set of values that all others are laid over', oneOf: ['default', 'demo', 'minimal', 'empty'] },
    namespace: { type: 'text', about: 'Namespace of the control plane', format: formats.dnsLabel },
    revision: { type: 'text', about: 'Name of this control plane among several; default has names without a suffix', format: formats.revision },
    image,
    crds: {
      type: 'object',
      about: 'Definitions of the kinds of the mesh',
      fields: { enabled: { type: 'boolean', about: 'Whether they are installed' } },
    },
    meshConfig: { type: 'message', about: 'The mesh configuration, over what is built in', message: 'istio.mesh.v1alpha1.MeshConfig' },
    meshNetworks: { type: 'message', about: 'Networks of the mesh and the gateways between them', message: 'istio.mesh.v1alpha1.MeshNetworks' },
    controller,
    gateways: { type: 'list', about: 'Gateways, merged with those of the profile by name', mergeBy: 'name', items: gateway },
    validation: {
      type: 'object',
      about: 'Validation of resources of the mesh when they are written',
      fields: {
        enabled: { type: 'boolean', about: 'Whether a webhook validates' },
        failurePolicy: failurePolicy('Whether resources are refused (Fail) or taken as they are (Ignore) while no control plane answers'),
      },
    },
    injector,
    proxy,
    clusterDomain: { type: 'text', about: 'Domain of the names of Services', format: formats.dnsName },
    clusterId: { type: 'text', about: 'Name of the cluster in the mesh', format: formats.clusterId },
    meshId: { type: 'text', about: 'Name of the mesh', format: formats.meshId },
  },
};
