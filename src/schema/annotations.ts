// Values of annotations as the injector reads them. Texts name the function that refuses a value, because the injector's own
// message does, and people search for that.
import type { ProxyConfig } from '../manifest/istio/mesh.gen.ts';
import { formatPath } from '../manifest/problem.ts';
import { parseYaml, YamlError } from '../manifest/yaml.ts';
import { decodeMessage } from './decode.ts';
import { checkMeshProxyConfig } from './semantic/mesh-proxy-config.ts';
import { isCidr } from './semantic/primitives.ts';
import { ProblemSink } from './semantic/validator.ts';

type Check = (value: string) => string | undefined;

const ports = (value: string): string | undefined => {
  if (value.trim() === '') return undefined;
  return value
    .split(',')
    .map(port)
    .find((problem) => problem !== undefined);
};

const ranges = (value: string): string | undefined => {
  const bad = value === '' ? undefined : value.split(',').find((range) => !isCidr(range));
  return bad === undefined ? undefined : `"${bad}" is not a CIDR range such as 10.0.0.0/8 (netip.ParsePrefix)`;
};

const orAll =
  (check: Check): Check =>
  (value) =>
    value === '*' ? undefined : check(value);

const checks: Readonly<Record<string, Check>> = {
  'sidecar.istio.io/interceptionMode': (value) => (['REDIRECT', 'TPROXY', 'NONE'].includes(value) ? undefined : `${value} is not one of REDIRECT,TPROXY,NONE`),
  'status.sidecar.istio.io/port': port,
  'readiness.status.sidecar.istio.io/initialDelaySeconds': uint32,
  'readiness.status.sidecar.istio.io/periodSeconds': uint32,
  'readiness.status.sidecar.istio.io/failureThreshold': uint32,
  'traffic.sidecar.istio.io/includeOutboundIPRanges': orAll(ranges),
  'traffic.sidecar.istio.io/excludeOutboundIPRanges': ranges,
  'traffic.sidecar.istio.io/includeInboundPorts': orAll(ports),
  'traffic.sidecar.istio.io/excludeInboundPorts': ports,
  'traffic.sidecar.istio.io/excludeOutboundPorts': ports,
  'prometheus.istio.io/merge-metrics': boolean,
  'proxy.istio.io/config': proxyConfig,
};

/** What is wrong with the value of an annotation; undefined when nothing is, or nothing is known of it. */
export function annotationProblem(name: string, value: string): string | undefined {
  return Object.hasOwn(checks, name) ? checks[name]?.(value) : undefined;
}

function isUint(text: string, most: number): boolean {
  return /^\d+$/.test(text) && Number(text) <= most;
}

function uint32(value: string): string | undefined {
  return isUint(value, 4294967295) ? undefined : `"${value}" is not a whole number from 0 to 4294967295 (strconv.ParseUint)`;
}

function port(value: string): string | undefined {
  return isUint(value.trim(), 65535) ? undefined : `"${value}" is not a port from 0 to 65535 (strconv.ParseUint)`;
}

function boolean(value: string): string | undefined {
  return /^(?:[1tT0fF]|true|True|TRUE|false|False|FALSE)$/.test(value) ? undefined : `"${value}" is neither true nor false (strconv.ParseBool)`;
}

/** A proxy's configuration in YAML. Fields that it does not have are no problem. */
function proxyConfig(value: string): string | undefined {
  let config: unknown;
  try {
    config = parseYaml(value, true).value ?? {};
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    return `it is not valid YAML (line ${value.slice(0, error.offset).split('\n').length}): ${error.message}`;
  }
  const { errors } = decodeMessage('istio.mesh.v1alpha1.ProxyConfig', config, []);
  if (errors.length > 0) return errors.map(({ path, text }) => `${formatPath(path)} ${text}`.trim()).join('; ');
  const sink = new ProblemSink([]).errorsOnly();
  checkMeshProxyConfig(sink, [], config as ProxyConfig);
  return sink.problems.length > 0 ? sink.problems.map(({ text }) => text).join('; ') : undefined;
}
