import { message } from '../message.ts';
import { names as row } from '../wording.ts';

interface SamePod {
  names: readonly string[];
  namespace: string;
  pod: string;
}

interface SameNamespace {
  names: readonly string[];
  namespace: string;
}

/** IST0110 */
export const IST0110 = message<SamePod>({
  name: 'ConflictingSidecarWorkloadSelectors',
  level: 'Error',
  summary: 'several Sidecars select one workload',
  text: ({ names, namespace, pod }) => `Sidecars [${row(names, ' ')}] in namespace "${namespace}" all select the workload "${pod}"`,
  help: 'narrow their selectors, or join them: a workload takes one Sidecar, and which of these is not defined',
  aliases: ['KIA0003'],
});

/** IST0111 */
export const IST0111 = message<SameNamespace>({
  name: 'MultipleSidecarsWithoutWorkloadSelectors',
  level: 'Error',
  summary: 'several Sidecars are for a whole namespace',
  text: ({ names, namespace }) => `Sidecars [${row(names, ' ')}] in namespace "${namespace}" have no workload selector, so each is for the whole namespace`,
  help: 'keep one of them, or give the others a workloadSelector: which of them applies is not defined',
  aliases: ['KIA0002'],
});

/** IST0159 */
export const IST0159 = message<SamePod>({
  name: 'ConflictingTelemetryWorkloadSelectors',
  level: 'Error',
  summary: 'several Telemetries select one workload',
  text: ({ names, namespace, pod }) => `Telemetries [${row(names, ' ')}] in namespace "${namespace}" all select the workload "${pod}"`,
  help: 'narrow their selectors, or join them: one of them applies to the workload, and the others do not',
});

/** IST0160 */
export const IST0160 = message<SameNamespace>({
  name: 'MultipleTelemetriesWithoutWorkloadSelectors',
  level: 'Error',
  summary: 'several Telemetries are for a whole namespace',
  text: ({ names, namespace }) => `Telemetries [${row(names, ' ')}] in namespace "${namespace}" have no selector, so each is for the whole namespace`,
  help: 'join them into one: one of them applies, and the others do not',
});

/** IST0127 */
export const IST0127 = message<{ selector: string }>({
  name: 'NoMatchingWorkloadsFound',
  level: 'Warning',
  summary: 'a policy is for workloads that do not exist in the mesh',
  text: ({ selector }) =>
    selector === ''
      ? 'this policy applies to no workload: there is none in the mesh where it applies'
      : `no workload in the mesh has the labels ${selector}, which this policy selects`,
  help: 'compare the selector with the labels of the pods; pods outside of the mesh do not count',
  effect: 'the policy protects nothing',
  aliases: ['KIA0004'],
});

/** IST0166 */
export const IST0166 = message<{ gateway: string }>({
  name: 'IneffectiveSelector',
  level: 'Warning',
  summary: 'a policy selects pods of a Gateway API gateway by their labels',
  text: ({ gateway }) => `the selector has the labels of pods of the Kubernetes Gateway ${gateway}, and it has no effect on them`,
  help: ({ gateway }) => `name the gateway in targetRefs instead: {group: gateway.networking.k8s.io, kind: Gateway, name: ${gateway}}`,
});

/** IST0167 */
export const IST0167 = message<{ reason: string }>({
  name: 'IneffectivePolicy',
  level: 'Warning',
  summary: 'a policy has no effect where it applies',
  text: ({ reason }) => `this policy has no effect: ${reason}`,
  help: 'remove it, or take the workloads out of ambient mode',
});
