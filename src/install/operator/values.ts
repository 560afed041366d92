// `spec.values` of an IstioOperator: the values of Istio's charts.
import { egressGateway, ingressGateway } from '../profiles.ts';
import { environmentMap, gatewayValues } from './gateways.ts';
import { fields, instead, only, type Part, plain, to } from './translation.ts';

export const noCni = 'weft installs no CNI plug-in: where one redirects connections, set proxy.capture to cni';
export const noAmbient = 'weft has sidecars only';
const noTelemetry = 'metrics and access logs of sidecars are always there; Telemetry resources and meshConfig say more';
export const oneImage = 'all parts run one image: image.hub, image.name and image.tag';
const oneNetwork = 'label namespaces with topology.istio.io/network, and set meshNetworks';
const noCa = 'weft issues no certificates of the mesh yet';

/** `default:info` and the words of the reference as our levels. */
const logLevel: Part = (value, from, target) => {
  const level = String(plain(value)).replace(/^default:/, '');
  const words: Readonly<Record<string, string>> = { warn: 'warning', fatal: 'critical', none: 'off' };
  if (level.includes(',') || level.includes(':')) target.refuse(from, 'the control plane has one level: controller.logLevel');
  else target.put(['controller', 'logLevel'], words[level] ?? level, from);
};

const logFormat: Part = (value, from, target) => target.put(['controller', 'logFormat'], plain(value) === true ? 'json' : 'text', from);

/** Words that stand for the default, too. */
const unlessEmpty =
  (part: Part): Part =>
  (value, from, target) => {
    if (plain(value) !== '') part(value, from, target);
  };

const proxy = fields(
  {
    clusterDomain: to('clusterDomain'),
    componentLogLevel: instead('sidecars have one level: proxy.logLevel'),
    excludeIPRanges: to('proxy', 'excludeIPRanges'),
    excludeInboundPorts: to('proxy', 'excludeInboundPorts'),
    excludeOutboundPorts: to('proxy', 'excludeOutboundPorts'),
    holdApplicationUntilProxyStarts: to('proxy', 'holdApplicationUntilProxyStarts'),
    image: instead(oneImage),
    includeIPRanges: to('proxy', 'includeIPRanges'),
    includeInboundPorts: to('proxy', 'includeInboundPorts'),
    includeOutboundPorts: to('proxy', 'includeOutboundPorts'),
    logLevel: to('proxy', 'logLevel'),
    privileged: only(false, 'sidecars have no privileges'),
    resources: to('proxy', 'resources'),
    tracer: only('none', 'traces are not made yet; trace headers are passed on'),
    autoInject: only('enabled', 'leave namespaces without labels, or set injector.neverInjectSelector'),
  },
  'write it into a template of your own in injector.templates',
);

const global = fields(
  {
    caAddress: unlessEmpty(instead(noCa)),
    configValidation: to('validation', 'enabled'),
    hub: to('image', 'hub'),
    imagePullPolicy: unlessEmpty(to('image', 'pullPolicy')),
    imagePullSecrets: to('image', 'pullSecrets'),
    istioNamespace: to('namespace'),
    logAsJson: logFormat,
    logging: fields({ level: logLevel }, 'set controller.logLevel'),
    meshID: to('meshId'),
    meshNetworks: to('meshNetworks'),
    multiCluster: fields({ clusterName: unlessEmpty(to('clusterId')), enabled: only(false, 'a mesh has one cluster') }, 'a mesh has one cluster'),
    network: unlessEmpty(instead(oneNetwork)),
    pilotCertProvider: only('istiod', noCa),
    platform: unlessEmpty(instead('no platform needs settings of its own')),
    priorityClassName: to('controller', 'priorityClassName'),
    proxy,
    proxy_init: fields({}, 'the init container has the resources of the sidecar: proxy.resources'),
    tag: to('image', 'tag'),
    tracer: instead('traces are not made yet; trace headers are passed on'),
    variant: unlessEmpty(instead(oneImage)),
  },
  'weft has nothing of the kind',
);

const pilot = fields(
  {
    affinity: to('controller', 'affinity'),
    autoscaleEnabled: only(false, 'the control plane has a fixed number of pods: controller.replicas'),
    autoscaleMax: instead('the control plane has a fixed number of pods: controller.replicas'),
    autoscaleMin: instead('the control plane has a fixed number of pods: controller.replicas'),
    cni: fields({ enabled: only(false, noCni) }, noCni),
    enabled: to('controller', 'enabled'),
    env: environmentMap('controller', 'env'),
    hub: instead(oneImage),
    image: instead(oneImage),
    nodeSelector: to('controller', 'nodeSelector'),
    podAnnotations: to('controller', 'podAnnotations'),
    podLabels: to('controller', 'podLabels'),
    replicaCount: to('controller', 'replicas'),
    resources: to('controller', 'resources'),
    serviceAnnotations: to('controller', 'serviceAnnotations'),
    tag: instead(oneImage),
    tolerations: to('controller', 'tolerations'),
    traceSampling: instead('set meshConfig.defaultConfig.tracing.sampling'),
  },
  'weft sets it itself',
);

const injector = fields(
  {
    alwaysInjectSelector: to('injector', 'alwaysInjectSelector'),
    defaultTemplates: to('injector', 'defaultTemplates'),
    enableNamespacesByDefault: to('injector', 'enableNamespacesByDefault'),
    injectedAnnotations: to('injector', 'injectedAnnotations'),
    neverInjectSelector: to('injector', 'neverInjectSelector'),
    reinvocationPolicy: only('Never', 'injection is final: other webhooks come before it or after it'),
    rewriteAppHTTPProbe: to('injector', 'rewriteAppHTTPProbe'),
    templates: to('injector', 'templates'),
  },
  'weft sets it itself',
);

/** Parts by the name of their field. */
export const chartValues: Part = fields(
  {
    base: fields(
      {
        enableIstioConfigCRDs: to('crds', 'enabled'),
        excludedCRDs: instead('leave out all definitions with crds.enabled, and apply those that you want'),
        validationURL: unlessEmpty(instead('the control plane validates by itself')),
      },
      'set crds.enabled',
    ),
    cni: instead(noCni),
    compatibilityVersion: unlessEmpty(instead('weft behaves as one version')),
    defaultRevision: instead('make it the default with weft tag set default --revision REVISION'),
    gateways: fields(
      { [ingressGateway]: gatewayValues(ingressGateway), [egressGateway]: gatewayValues(egressGateway) },
      'add the gateway to gateways of weft’s values',
    ),
    global,
    istiodRemote: instead('a control plane serves the cluster that it runs in'),
    meshConfig: to('meshConfig'),
    pilot,
    profile: to('profile'),
    revision: unlessEmpty(to('revision')),
    sidecarInjectorWebhook: injector,
    telemetry: instead(noTelemetry),
    ztunnel: instead(noAmbient),
  },
  'weft has nothing of the kind',
);
