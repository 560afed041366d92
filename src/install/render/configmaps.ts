// What the control plane reads when it starts, and what is known of an installation afterwards.
import type { InjectionConfig } from '../../inject/config.ts';
import { installedNames } from '../values.ts';
import { controlPlaneAddress, trustDomainOf } from './addresses.ts';
import { type Context, imageOf, maker, type RenderedObject } from './object.ts';
import { toYaml } from './yaml.ts';

export function renderConfigMaps(context: Context): RenderedObject[] {
  const { namespace, revision, injector } = context.values;
  const names = installedNames(revision);
  const make = maker(context, 'Controller');
  const map = (name: string, data: Record<string, string>): RenderedObject => make('v1', 'ConfigMap', { name, namespace, data });
  return [
    map(names.meshConfig, { mesh: toYaml(meshConfig(context)), meshNetworks: toYaml(meshNetworks(context)) }),
    ...(injector.enabled ? [map(names.injector, { config: toYaml(injectionConfig(context)), values: injectorValues(context) })] : []),
  ];
}

/** What was installed, for the next version and for those who ask. */
export function renderRecord(context: Context): RenderedObject {
  const { values, options } = context;
  const data = { values: toYaml(values), version: options.weftVersion, overrides: toYaml(options.overrides ?? {}) };
  return maker(context, 'Controller')('v1', 'ConfigMap', { name: installedNames(values.revision).values, namespace: values.namespace, data });
}

/** The mesh configuration of the installation, with what the user wrote over it. */
function meshConfig({ values }: Context): object {
  const { defaultConfig, ...rest } = values.meshConfig as { defaultConfig?: object };
  return {
    defaultConfig: { discoveryAddress: controlPlaneAddress(values), ...defaultConfig },
    enablePrometheusMerge: true,
    rootNamespace: values.namespace,
    trustDomain: 'cluster.local',
    ...rest,
  };
}

function meshNetworks({ values }: Context): object {
  return { networks: {}, ...values.meshNetworks };
}

/** What is injected; src/inject reads it from the ConfigMap. */
export function injectionConfig(context: Context): InjectionConfig {
  const { values } = context;
  const { injector, proxy, image } = values;
  return {
    revision: values.revision,
    istioNamespace: values.namespace,
    image: imageOf(context),
    imagePullPolicy: image.pullPolicy,
    imagePullSecrets: image.pullSecrets,
    engine: proxy.engine,
    capture: proxy.capture,
    xdsAddress: controlPlaneAddress(values),
    clusterDomain: values.clusterDomain,
    clusterId: values.clusterId,
    meshId: values.meshId || trustDomainOf(values),
    trustDomain: trustDomainOf(values),
    policy: 'enabled',
    rewriteAppHTTPProbe: injector.rewriteAppHTTPProbe,
    holdApplicationUntilProxyStarts: proxy.holdApplicationUntilProxyStarts,
    nativeSidecar: proxy.nativeSidecar,
    resources: proxy.resources,
    logLevel: proxy.logLevel,
    concurrency: proxy.concurrency,
    includeIPRanges: proxy.includeIPRanges,
    excludeIPRanges: proxy.excludeIPRanges,
    includeInboundPorts: proxy.includeInboundPorts,
    excludeInboundPorts: proxy.excludeInboundPorts,
    includeOutboundPorts: proxy.includeOutboundPorts,
    excludeOutboundPorts: proxy.excludeOutboundPorts,
    drainSeconds: proxy.drainSeconds,
    uid: proxyUser,
    neverInjectSelector: injector.neverInjectSelector,
    alwaysInjectSelector: injector.alwaysInjectSelector,
    injectedAnnotations: injector.injectedAnnotations,
    templates: injector.templates,
    defaultTemplates: injector.defaultTemplates,
  };
}

/** User and group of sidecars, which the redirection leaves alone; it is the reference's. */
const proxyUser = 1337;

/** As the reference's tools read them: the analyzers compare images of pods with them. */
function injectorValues(context: Context): string {
  const { values, options } = context;
  const { image, injector, revision } = values;
  const global = { hub: image.hub, tag: image.tag || options.weftVersion, proxy: { image: image.name } };
  return JSON.stringify({ global, revision, sidecarInjectorWebhook: { enableNamespacesByDefault: injector.enableNamespacesByDefault } }, null, 2);
}
