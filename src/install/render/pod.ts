// What the pods of the control plane and of gateways have in common.
import type { PodSettings } from '../values.ts';
import { type Context, imageOf } from './object.ts';

/** No privileges, and nothing to write to but what is mounted. */
export const unprivileged = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  privileged: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
} as const;

export function podSecurity(user: number): Record<string, unknown> {
  return { runAsGroup: user, runAsNonRoot: true, runAsUser: user, fsGroup: user, seccompProfile: { type: 'RuntimeDefault' } };
}

export function imagePull({ values: { image } }: Context): Record<string, unknown> {
  return image.pullSecrets.length === 0 ? {} : { imagePullSecrets: image.pullSecrets.map((name) => ({ name })) };
}

export function containerImage(context: Context): Record<string, unknown> {
  return { image: imageOf(context), imagePullPolicy: context.values.image.pullPolicy };
}

export function environment(env: Readonly<Record<string, string>>): { name: string; value: string }[] {
  return Object.entries(env).map(([name, value]) => ({ name, value }));
}

/** Where pods run: what the user says, and spread over nodes and zones as far as that goes. */
export function scheduling(settings: PodSettings, selector: Readonly<Record<string, string>>): Record<string, unknown> {
  const { affinity, nodeSelector, priorityClassName, tolerations } = settings;
  return {
    ...(Object.keys(affinity).length > 0 ? { affinity } : {}),
    ...(Object.keys(nodeSelector).length > 0 ? { nodeSelector } : {}),
    ...(priorityClassName === '' ? {} : { priorityClassName }),
    ...(tolerations.length > 0 ? { tolerations } : {}),
    topologySpreadConstraints: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
      labelSelector: { matchLabels: selector },
      // Pods of the version before do not count.
      matchLabelKeys: ['pod-template-hash'],
      maxSkew: 1,
      topologyKey,
      whenUnsatisfiable: 'ScheduleAnyway',
    })),
  };
}
