import type { InjectionConfig } from '../../inject/config.ts';
import { InjectionError } from '../../inject/error.ts';
import { parseInjectionConfig } from '../../inject/read-config.ts';
import { type ReviewReply, reviewInjection } from '../../inject/review.ts';
import type { MeshSettings } from '../../inject/settings.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ProxyConfig as MeshProxyConfig } from '../../manifest/istio/mesh.gen.ts';
import type { ProxyConfig } from '../../manifest/istio/proxyconfig.gen.ts';
import type { Mesh } from '../../model/mesh.ts';
import { matchesLabels } from '../../model/selectors.ts';
import { isMap } from '../../model/untyped.ts';
import { NoReviewError } from './admission.ts';

/** Injects pods as a ConfigMap says, which may change at any time: one that cannot be used is refused, and the one before goes on. */
export class PodInjector {
  private config: InjectionConfig | undefined;
  /** Why there is none, or why the newest one is not used. */
  problem = 'its ConfigMap was not read yet';

  /** @returns whether it is used */
  configure(map: KubeObject | undefined): boolean {
    const data = map && isMap(map.data) ? map.data : {};
    try {
      if (!map) throw new InjectionError('there is no such ConfigMap');
      if (typeof data.config !== 'string') throw new InjectionError('the ConfigMap has no key config');
      this.config = parseInjectionConfig(data.config, typeof data.values === 'string' ? data.values : undefined);
      this.problem = '';
      return true;
    } catch (error) {
      if (!(error instanceof InjectionError)) throw error;
      this.problem = [error.message, error.help].filter(Boolean).join('. ');
      return false;
    }
  }

  get isConfigured(): boolean {
    return this.config !== undefined;
  }

  /**
   * @param review of admission.k8s.io/v1
   * @param nodeVersions of all kubelets
   * @throws NoReviewError
   */
  review(review: unknown, mesh: Mesh, nodeVersions: () => readonly string[]): ReviewReply {
    const { config } = this;
    if (!config) return this.notConfigured(review);
    const reply = reviewInjection(review, { config, mesh: ({ namespace, labels }) => settingsFor(mesh, namespace, labels), nodeVersions });
    if (reply.status !== 200) throw new NoReviewError(reply.reason);
    return reply;
  }

  private notConfigured(review: unknown): ReviewReply {
    const request = isMap(review) && isMap(review.request) ? review.request : {};
    if (typeof request.uid !== 'string') throw new NoReviewError('this is no AdmissionReview with a request and its uid');
    const reason = `the injector has no configuration: ${this.problem}`;
    const response = { uid: request.uid, allowed: false, status: { code: 503, message: reason } };
    return { status: 200, body: { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }, outcome: 'failed', pod: '', reason };
  }
}

/** What the mesh says of a pod's sidecar: its configuration, over it the ProxyConfigs of the mesh, of the namespace, and of the workload. */
export function settingsFor(mesh: Mesh, namespace: string, labels: Readonly<Record<string, string>>): MeshSettings {
  const { enablePrometheusMerge, defaultConfig = {} } = mesh.meshConfig;
  const inNamespace = mesh.listIn('ProxyConfig', namespace);
  const root = mesh.rootNamespace === namespace ? [] : mesh.listIn('ProxyConfig', mesh.rootNamespace).filter(({ spec }) => !spec.selector);
  const selecting = inNamespace.filter(({ spec }) => spec.selector && matchesLabels(spec.selector.matchLabels, labels));
  const levels = [...root, ...inNamespace.filter(({ spec }) => !spec.selector), ...selecting];
  let config: MeshProxyConfig = defaultConfig;
  for (const { spec } of levels) config = withProxyConfig(config, spec);
  return { defaultConfig: config, ...(enablePrometheusMerge === undefined ? {} : { enablePrometheusMerge }) };
}

function withProxyConfig(base: MeshProxyConfig, { concurrency, environmentVariables, image }: ProxyConfig): MeshProxyConfig {
  return {
    ...base,
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(environmentVariables === undefined ? {} : { proxyMetadata: { ...base.proxyMetadata, ...environmentVariables } }),
    ...(image === undefined ? {} : { image }),
  };
}
