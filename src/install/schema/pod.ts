// Settings of pods among the values.
import { environmentName, labelValue, qualifiedName, quantity } from './formats.ts';
import type { ListSchema, ObjectSchema, Schema } from './types.ts';

const amounts = (about: string): ObjectSchema => ({
  type: 'object',
  about,
  optional: true,
  fields: {
    cpu: { type: 'text', about: 'Processor time: 100m is a tenth of a core', format: quantity, numbers: true, optional: true },
    memory: { type: 'text', about: 'Memory, such as 256Mi', format: quantity, numbers: true, optional: true },
  },
});

export function resources(of: string): ObjectSchema {
  return {
    type: 'object',
    about: `What ${of} asks the node for, and the most that it gets`,
    fields: { requests: amounts('What the scheduler keeps free'), limits: amounts('The most') },
  };
}

const text = (about: string, oneOf?: readonly string[]): Schema => ({ type: 'text', about, optional: true, ...(oneOf ? { oneOf } : {}) });

const tolerations: ListSchema = {
  type: 'list',
  about: 'Taints of nodes that its pods put up with',
  items: {
    type: 'object',
    about: 'One toleration',
    fields: {
      key: { type: 'text', about: 'Key of the taint; absent: all taints', format: qualifiedName, optional: true },
      operator: text('How the value is compared', ['Exists', 'Equal']),
      value: text('Value of the taint'),
      effect: text('Effect of the taint; absent: all effects', ['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
      tolerationSeconds: { type: 'integer', about: 'How long NoExecute is put up with', min: 0, max: 2 ** 31 - 1, optional: true },
    },
  },
};

/** Fields of `PodSettings` (src/install/values.ts). */
export function podSettings(of: string): Record<string, Schema> {
  const anyText: Schema = { type: 'text', about: '' };
  return {
    resources: resources(of),
    nodeSelector: {
      type: 'map',
      about: 'Labels that a node has to have',
      key: qualifiedName,
      values: { type: 'text', about: 'Value of the label', format: labelValue },
    },
    tolerations,
    affinity: {
      type: 'object',
      about: 'Rules of the scheduler, beside those that spread the pods over nodes and zones',
      fields: {
        nodeAffinity: { type: 'free', about: 'As in a pod', optional: true },
        podAffinity: { type: 'free', about: 'As in a pod', optional: true },
        podAntiAffinity: { type: 'free', about: 'As in a pod', optional: true },
      },
    },
    podAnnotations: { type: 'map', about: 'Annotations of its pods', key: qualifiedName, values: anyText },
    podLabels: {
      type: 'map',
      about: 'Labels of its pods, beside those that weft gives',
      key: qualifiedName,
      values: { type: 'text', about: 'Value of the label', format: labelValue },
    },
    priorityClassName: { type: 'text', about: 'PriorityClass of its pods (empty: none)' },
    env: { type: 'map', about: 'Environment variables of its container', key: environmentName, values: anyText },
  };
}

/** A `metav1.LabelSelector`. */
export const labelSelector: ObjectSchema = {
  type: 'object',
  about: 'One selector of labels',
  fields: {
    matchLabels: {
      type: 'map',
      about: 'Labels with their values',
      optional: true,
      key: qualifiedName,
      values: { type: 'text', about: 'Value of the label', format: labelValue },
    },
    matchExpressions: {
      type: 'list',
      about: 'Conditions on labels',
      optional: true,
      items: {
        type: 'object',
        about: 'One condition',
        fields: {
          key: { type: 'text', about: 'The label', format: qualifiedName },
          operator: { type: 'text', about: 'What is asked of it', oneOf: ['In', 'NotIn', 'Exists', 'DoesNotExist'] },
          values: {
            type: 'list',
            about: 'Values, for In and NotIn',
            optional: true,
            items: { type: 'text', about: 'A value of the label', format: labelValue },
          },
        },
      },
    },
  },
};
