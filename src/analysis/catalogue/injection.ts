import { message } from '../message.ts';

/** IST0102 */
export const IST0102 = message<{ namespace: string }>({
  name: 'NamespaceNotInjected',
  level: 'Info',
  summary: 'a namespace says nothing about injection, so its pods get no sidecar',
  text: ({ namespace }) => `pods of namespace ${namespace} get no sidecar: its label istio-injection is neither "enabled" nor "disabled"`,
  help: ({ namespace }) => `run \`kubectl label namespace ${namespace} istio-injection=enabled\` for sidecars, or with =disabled to say that none are wanted`,
});

/** IST0103 */
export const IST0103 = message<{ pod: string }>({
  name: 'PodMissingProxy',
  level: 'Warning',
  summary: 'a pod without a sidecar in a namespace whose pods get one',
  text: ({ pod }) => `pod ${pod} has no sidecar, although its namespace has injection enabled`,
  help: 'restart the workload (kubectl rollout restart), because only new pods are injected; or label the pod sidecar.istio.io/inject=false',
  effect: 'the pod is outside of the mesh: no mTLS, no routing rules, no telemetry',
});

/** IST0123 */
export const IST0123 = message<{ labels: readonly string[] }>({
  name: 'NamespaceMultipleInjectionLabels',
  level: 'Warning',
  summary: 'a namespace has labels for more than one way into the mesh',
  text: ({ labels }) => `the namespace has more than one label that puts its pods into the mesh: [${labels.join(' ')}]`,
  help: 'keep one of them: which one wins depends on the versions and webhooks installed',
});

interface AutoImage {
  kind: string;
  name: string;
  same?: string;
}

const autoImageHelp = 'give the pod template the label sidecar.istio.io/inject=true, or the namespace the label istio-injection=enabled';

/** IST0146 */
export const IST0146 = message<AutoImage>({
  name: 'ImageAutoWithoutInjectionWarning',
  level: 'Warning',
  summary: 'a Deployment leaves the image of the sidecar to injection, but no webhook injects its pods',
  text: ({ kind, name }) => `${kind} ${name} has a container with \`image: auto\`, but no webhook of Istio selects its pods`,
  help: autoImageHelp,
  effect: 'its pods do not start: there is no image of the name "auto"',
});

/** IST0147 */
export const IST0147 = message<AutoImage>({
  name: 'ImageAutoWithoutInjectionError',
  level: 'Error',
  summary: 'a pod was created with the image that injection should have replaced',
  text: ({ kind, name }) => `${kind} ${name} has a container with \`image: auto\`: it was created without injection`,
  help: `${autoImageHelp}, and create the pod anew`,
  effect: 'the pod does not start: there is no image of the name "auto"',
});

/** IST0148 */
export const IST0148 = message<{ namespace: string }>({
  name: 'NamespaceInjectionEnabledByDefault',
  level: 'Info',
  summary: 'pods of a namespace get sidecars because injection is on by default',
  text: ({ namespace }) => `pods of namespace ${namespace} get sidecars: Istio is installed with enableNamespacesByDefault, and no label says otherwise`,
  help: ({ namespace }) => `if no sidecars are wanted: \`kubectl label namespace ${namespace} istio-injection=disabled\``,
});

/** IST0158 */
export const IST0158 = message<{ namespace: string; pods: readonly string[] }>({
  name: 'PodsIstioProxyImageMismatchInNamespace',
  level: 'Warning',
  summary: 'pods run another sidecar image than the injector gives to new pods',
  text: ({ namespace, pods }) => `pods of namespace ${namespace} run another sidecar image than the injector gives now: [${pods.join(' ')}]`,
  help: 'restart their workloads (kubectl rollout restart): this is usual after an upgrade of the control plane',
});
