import type { UpstreamTls } from '../../ir/cluster.ts';
import type { MeshConfig } from '../../manifest/istio/mesh.gen.ts';
import type { ClientTLSSettings, ServiceEntry, TrafficPolicy } from '../../manifest/istio/networking.gen.ts';
import type { ServiceEndpoint } from '../../model/endpoints.ts';
import { trustDomainOf } from '../../model/mesh-config.ts';
import type { PeerPolicies } from '../../model/peer-authentication.ts';
import { spiffeIdOf } from '../../model/principal.ts';
import type { MeshService } from '../../model/services.ts';
import { isPassthrough } from './load-balancer.ts';

export interface TlsContext {
  meshConfig: MeshConfig;
  policies: PeerPolicies;
  service: MeshService;
  role: 'sidecar' | 'gateway';
  port: number;
  subset: string;
  /** The rule is for some workloads only: it may name a secret (DR-R70). */
  selective: boolean;
  /** Of the host or of the subset, without a look at ports: it decides whether connections are taken to be passed through. */
  written: TrafficPolicy | undefined;
  /** All of the port, whatever the subset. */
  endpoints: readonly ServiceEndpoint[];
  /** Those of the endpoints, see below. */
  identities: () => readonly string[];
  /** The cluster has no endpoints of its own: the connection goes where the client sent it. */
  originalDestination: boolean;
}

const plain: UpstreamTls = { mode: 'disable' };

/** What is spoken to the endpoints of a cluster: as it is written, else as they need it (DR-R70 to DR-R72). */
export function upstreamTls(settings: ClientTLSSettings | undefined, context: TlsContext): UpstreamTls {
  if (!settings) return automatic(context);
  const { sni, subjectAltNames = [] } = settings;
  const names = subjectAltNames.filter(Boolean);
  switch (settings.mode ?? 'DISABLE') {
    case 'ISTIO_MUTUAL':
      return { mode: 'istio-mutual', sni: sni || meshSni(context), ...alternatives(names.length > 0 ? names : context.identities()) };
    case 'SIMPLE':
    case 'MUTUAL':
      return written(settings, names, context);
    default:
      return plain;
  }
}

function written(settings: ClientTLSSettings, names: readonly string[], context: TlsContext): UpstreamTls {
  const { mode, sni, caCertificates, caCrl, clientCertificate, privateKey, credentialName, insecureSkipVerify } = settings;
  // A sidecar must not fetch a secret of its namespace because a rule for everybody says so.
  if (credentialName && context.role === 'sidecar' && !context.selective) return plain;
  // Those of the service are no reason to leave out the name of the request, as those of the rule are.
  const ofService = names.length === 0 && context.service.source === 'service-entry' ? context.identities() : [];
  return {
    mode: mode === 'MUTUAL' ? 'mutual' : 'simple',
    ...(sni ? { sni } : {}),
    ...alternatives(names.length > 0 ? names : ofService),
    ...(ofService.length > 0 && !sni ? { verifyRequestName: true } : {}),
    // Without a file, and with the word `system`, the roots of the system.
    ...(caCertificates && caCertificates !== 'system' ? { caFile: caCertificates } : {}),
    ...(caCrl && !credentialName ? { crlFile: caCrl } : {}),
    ...(clientCertificate ? { certificateFile: clientCertificate } : {}),
    ...(privateKey ? { keyFile: privateKey } : {}),
    ...(credentialName ? { credentialName } : {}),
    ...(insecureSkipVerify ? { insecureSkipVerify } : {}),
    ...defaults(context.meshConfig),
  };
}

/** Of the mesh, for TLS with certificates of one's own (`tlsDefaults`); its oldest version is for what comes in alone. */
function defaults({ tlsDefaults }: MeshConfig): Pick<UpstreamTls, 'cipherSuites' | 'ecdhCurves'> {
  const { cipherSuites = [], ecdhCurves = [] } = tlsDefaults ?? {};
  return { ...(cipherSuites.length > 0 ? { cipherSuites } : {}), ...(ecdhCurves.length > 0 ? { ecdhCurves } : {}) };
}

/** DR-R71, DR-R72. */
function automatic(context: TlsContext): UpstreamTls {
  const { meshConfig, policies, service, written: policy, endpoints, originalDestination } = context;
  if (meshConfig.enableAutoMtls === false || service.external) return plain;
  if (service.resolution === 'none' || isPassthrough(policy?.loadBalancer)) {
    // Which endpoint a connection goes to is not known before: all of them have to take it.
    if (endpoints.length === 0 || endpoints.some(({ workload }) => !workload.mtls)) return plain;
  }
  if (policies.modeOf(service.namespace) === 'DISABLE') return plain;
  return { mode: originalDestination ? 'istio-mutual' : 'auto', sni: meshSni(context), ...alternatives(context.identities()) };
}

/** MAP-R3 */
function meshSni({ port, subset, service }: TlsContext): string {
  return `outbound_.${port}_.${subset}_.${service.host}`;
}

/** Who may answer: the service accounts of the endpoints, and the names that a ServiceEntry says. */
export function identities(meshConfig: MeshConfig, service: MeshService, endpoints: readonly ServiceEndpoint[]): readonly string[] {
  const domain = trustDomainOf(meshConfig);
  const accounts = endpoints.flatMap(({ workload }) => (workload.serviceAccount === '' ? [] : [spiffeIdOf(domain, workload)]));
  const said = service.source === 'service-entry' ? ((service.resource.spec as ServiceEntry).subjectAltNames ?? []).filter(Boolean) : [];
  return [...new Set([...accounts, ...said])].sort();
}

function alternatives(names: readonly string[]): { subjectAltNames?: readonly string[] } {
  return names.length > 0 ? { subjectAltNames: names } : {};
}

/** Whether a sidecar at the endpoint takes mTLS at its port. */
export function takesMtls(policies: PeerPolicies, { workload, port }: ServiceEndpoint): boolean {
  return workload.mtls && policies.modeAt(workload, port) !== 'DISABLE';
}
