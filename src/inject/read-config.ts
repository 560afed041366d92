// The configuration of an injector, as its ConfigMap or a file has it: YAML, checked field by field.
import { nearest } from '../manifest/nearest.ts';
import { parseYaml, YamlError } from '../manifest/yaml.ts';
import { isMap, text } from '../model/untyped.ts';
import type { InjectionConfig } from './config.ts';
import { InjectionError } from './error.ts';
import { builtInTemplates, parseTemplate } from './template.ts';

/** What a configuration has that does not say otherwise. Image and address of the control plane it has to say itself. */
const defaults: Omit<InjectionConfig, 'image' | 'xdsAddress'> = {
  revision: 'default',
  istioNamespace: 'istio-system',
  imagePullPolicy: '',
  imagePullSecrets: [],
  engine: 'embedded',
  capture: 'init',
  clusterDomain: 'cluster.local',
  clusterId: 'Kubernetes',
  meshId: '',
  trustDomain: 'cluster.local',
  policy: 'enabled',
  rewriteAppHTTPProbe: true,
  holdApplicationUntilProxyStarts: false,
  nativeSidecar: 'auto',
  resources: {},
  logLevel: 'warning',
  concurrency: 0,
  includeIPRanges: '*',
  excludeIPRanges: '',
  includeInboundPorts: '*',
  excludeInboundPorts: '',
  includeOutboundPorts: '',
  excludeOutboundPorts: '',
  drainSeconds: 5,
  uid: 1337,
  neverInjectSelector: [],
  alwaysInjectSelector: [],
  injectedAnnotations: {},
  templates: {},
  defaultTemplates: ['sidecar'],
};

type Check = (value: unknown) => string | undefined;

const isText: Check = (value) => (typeof value === 'string' ? undefined : 'is text');
const isBoolean: Check = (value) => (typeof value === 'boolean' ? undefined : 'is true or false');
const isTexts: Check = (value) => (Array.isArray(value) && value.every((item) => typeof item === 'string') ? undefined : 'is a list of texts');
const isMaps: Check = (value) => (Array.isArray(value) && value.every(isMap) ? undefined : 'is a list of maps');
const isTextMap: Check = (value) => (isMap(value) && Object.values(value).every((item) => typeof item === 'string') ? undefined : 'is a map of texts');
const isFilled: Check = (value) => (typeof value === 'string' && value !== '' ? undefined : 'is a text that is not empty');
const isNumber =
  (least: number, most: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most ? undefined : `is a whole number from ${least} to ${most}`;
const isOneOf =
  (...choices: unknown[]): Check =>
  (value) =>
    choices.includes(value) ? undefined : `is one of ${choices.join(', ')}`;

const checks: Readonly<Record<keyof InjectionConfig, Check>> = {
  revision: isText,
  istioNamespace: isFilled,
  image: isFilled,
  imagePullPolicy: isOneOf('', 'Always', 'IfNotPresent', 'Never'),
  imagePullSecrets: isTexts,
  engine: isOneOf('embedded', 'envoy'),
  capture: isOneOf('init', 'cni', 'none'),
  xdsAddress: isFilled,
  clusterDomain: isText,
  clusterId: isText,
  meshId: isText,
  trustDomain: isText,
  policy: isOneOf('enabled', 'disabled'),
  rewriteAppHTTPProbe: isBoolean,
  holdApplicationUntilProxyStarts: isBoolean,
  nativeSidecar: isOneOf(true, false, 'auto'),
  resources: (value) => (isMap(value) && Object.values(value).every(isMap) ? undefined : 'is a map with requests and limits'),
  logLevel: isText,
  concurrency: isNumber(0, 256),
  includeIPRanges: isText,
  excludeIPRanges: isText,
  includeInboundPorts: isText,
  excludeInboundPorts: isText,
  includeOutboundPorts: isText,
  excludeOutboundPorts: isText,
  drainSeconds: isNumber(0, 86_400),
  uid: isNumber(1, 4_294_967_294),
  neverInjectSelector: isMaps,
  alwaysInjectSelector: isMaps,
  injectedAnnotations: isTextMap,
  templates: isTextMap,
  defaultTemplates: isTexts,
};

const whereToFind =
  'weft needs its own: the ConfigMap istio-sidecar-injector that weft install makes, by itself (weft manifest generate prints it), or what is under its key config.';

/**
 * Reads a configuration; what it leaves out has its default.
 *
 * @param written YAML or JSON: the configuration, or the ConfigMap with it under the key `config`
 * @param values of the same ConfigMap (key `values`): `global.hub`, `.tag` and `.proxy.image`, for a configuration without an image
 * @throws InjectionError for what is no such configuration, such as that of the reference
 */
export function parseInjectionConfig(written: string, values?: string): InjectionConfig {
  const value = fieldOfConfigMap(written, 'config');
  if (!isMap(value)) throw new InjectionError('the configuration of the injector has to be a map');
  if (Object.keys(value).length === 0) throw new InjectionError('the configuration of the injector is empty', [], whereToFind);
  if ('apiVersion' in value && 'kind' in value)
    throw new InjectionError(`it begins with an object of kind ${text(value.kind)}, which is no configuration of an injector`, [], whereToFind);
  const config: Record<string, unknown> = { ...defaults, ...(values === undefined ? {} : imageOf(values)), ...value };
  if (isMap(config.templates) && Object.values(config.templates).some((template) => text(template).includes('{{')))
    throw new InjectionError('this is the configuration of an injector of Istio: its templates are Go templates', [], whereToFind);
  for (const [field, content] of Object.entries(config)) {
    const check = Object.hasOwn(checks, field) ? checks[field as keyof InjectionConfig] : undefined;
    if (!check) {
      const near = nearest(field, Object.keys(checks));
      throw new InjectionError(`the configuration of the injector has no field ${field}${near === undefined ? '' : `; did you mean ${near}?`}`);
    }
    const wanted = check(content);
    if (wanted !== undefined) throw new InjectionError(`the configuration of the injector: ${field} ${wanted}, not ${JSON.stringify(content)}`);
  }
  for (const field of ['image', 'xdsAddress'])
    if (config[field] === undefined) throw new InjectionError(`the configuration of the injector has no ${field}, and there is no default for it`);
  const complete = config as unknown as InjectionConfig;
  for (const [name, template] of Object.entries(complete.templates)) {
    if ((builtInTemplates as readonly string[]).includes(name)) throw new InjectionError(`the template ${name} is weft's own: give yours another name`);
    parseTemplate(name, template);
  }
  return complete;
}

/** What a YAML text says; of a ConfigMap, what the text under a key says. */
export function fieldOfConfigMap(written: string, key: string): unknown {
  const value = yaml(written);
  if (!isMap(value) || value.kind !== 'ConfigMap') return value;
  const data = isMap(value.data) ? value.data[key] : undefined;
  if (typeof data !== 'string') throw new InjectionError(`the ConfigMap has no key ${key}`);
  return yaml(data);
}

function imageOf(written: string): { image?: string } {
  const values = fieldOfConfigMap(written, 'values');
  const global = isMap(values) && isMap(values.global) ? values.global : {};
  const image = isMap(global.proxy) ? text(global.proxy.image) : '';
  if (image.includes('/')) return { image };
  return text(global.hub) === '' || image === '' ? {} : { image: `${text(global.hub)}/${image}:${String(global.tag ?? '')}`.replace(/:$/, '') };
}

function yaml(written: string): unknown {
  try {
    return parseYaml(written, true).value ?? {};
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new InjectionError(`it is not valid YAML (line ${written.slice(0, error.offset).split('\n').length}): ${error.message}`);
  }
}
