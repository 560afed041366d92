import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { meant } from '../src/analysis/meant.ts';
import { message } from '../src/analysis/message.ts';

const WFT1030 = message<{ kind: string; old: string; current: string; served: boolean }>({
  name: 'OldApiVersion',
  level: 'Info',
  summary: 'a resource is written in an old version of its API',
  text: ({ kind, old, current }) => `${old} is an old version of ${kind}; ${current} has the same fields`,
  help: ({ current }) => `write apiVersion: ${current}`,
  effect: ({ served }) => (served ? 'none yet: old versions are dropped some day' : 'a cluster with current definitions refuses the resource'),
});

interface Versions {
  current: string;
  /** By version: whether current definitions still serve it. */
  old: Readonly<Record<string, boolean>>;
}

const networking: Versions = { current: 'networking.istio.io/v1', old: { 'networking.istio.io/v1alpha3': true, 'networking.istio.io/v1beta1': true } };
const security: Versions = { current: 'security.istio.io/v1', old: { 'security.istio.io/v1beta1': true } };
const telemetry: Versions = { current: 'telemetry.istio.io/v1', old: { 'telemetry.istio.io/v1alpha1': true } };

/** @param beta whether v1beta1 was a version of the kind */
function gatewayApi(version: string, beta: boolean): Versions {
  const old = { 'gateway.networking.k8s.io/v1alpha2': false, ...(beta ? { 'gateway.networking.k8s.io/v1beta1': true } : {}) };
  return { current: `gateway.networking.k8s.io/${version}`, old };
}

/** Istio 1.28 and the Gateway API. EnvoyFilter, ProxyConfig and WasmPlugin have one version, which is not called v1. */
const kinds: Readonly<Record<string, Versions>> = {
  AuthorizationPolicy: security,
  DestinationRule: networking,
  Gateway: networking,
  PeerAuthentication: security,
  RequestAuthentication: security,
  ServiceEntry: networking,
  Sidecar: networking,
  Telemetry: telemetry,
  VirtualService: networking,
  WorkloadEntry: networking,
  WorkloadGroup: networking,
  'gateway-api/GRPCRoute': gatewayApi('v1', false),
  'gateway-api/Gateway': gatewayApi('v1', true),
  'gateway-api/GatewayClass': gatewayApi('v1', true),
  'gateway-api/HTTPRoute': gatewayApi('v1', true),
  'gateway-api/ReferenceGrant': gatewayApi('v1beta1', false),
};

export default defineAnalyzer({
  name: 'weft.ApiVersionAnalyzer',
  summary: 'resources are written in the current versions of their APIs',
  reads: Object.keys(kinds),
  aboutFiles: true,
  preset: 'recommended',
  messages: { WFT1030 },
  check({ mesh, report }) {
    for (const [kind, { current, old }] of Object.entries(kinds)) {
      for (const resource of mesh.list(kind)) {
        const served = old[resource.apiVersion];
        if (served === undefined) continue;
        const { fix } = meant(current, ['apiVersion']);
        report('WFT1030', resource, ['apiVersion'], { kind: resource.kind, old: resource.apiVersion, current, served }, { fix });
      }
    }
  },
});
