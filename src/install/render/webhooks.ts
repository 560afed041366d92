// The webhooks that inject and validate. Who is asked for which pod is as in the reference (spec/install.md, 5), so that its labels mean
// the same. The controller writes its certificate authority into them, so that `caBundle` is not among their fields here.
import { injectionLabel, injectLabel, revisionLabel } from '../../model/injection.ts';
import { controllerPorts, installedNames, type Values } from '../values.ts';
import { type Context, maker, type RenderedObject } from './object.ts';

export interface Requirement {
  key: string;
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  values?: string[];
}

const has = (key: string, ...values: string[]): Requirement => ({ key, operator: 'In', values });
const hasNot = (key: string, ...values: string[]): Requirement => ({ key, operator: 'NotIn', values });
const absent = (key: string): Requirement => ({ key, operator: 'DoesNotExist' });

/** Namespaces of the cluster's own machinery. */
const systemNamespaces = ['kube-node-lease', 'kube-public', 'kube-system', 'local-path-storage'];

const injectPath = '/inject';
const validatePath = '/validate';

/** Where the API server reaches the control plane, and how. */
function hook(values: Values, name: string, path: string, failurePolicy: string): Record<string, unknown> {
  const { controller } = installedNames(values.revision);
  return {
    name,
    admissionReviewVersions: ['v1'],
    clientConfig: { service: { name: controller, namespace: values.namespace, path, port: controllerPorts.webhookService } },
    failurePolicy,
    sideEffects: 'None',
    timeoutSeconds: 10,
  };
}

interface Asked {
  name: string;
  namespace: Requirement[];
  pod: Requirement[];
}

/** For namespaces and pods that name a revision, or a tag. */
function ofRevision(revision: string): Asked[] {
  return [
    { name: 'rev.namespace', namespace: [has(revisionLabel, revision), absent(injectionLabel)], pod: [hasNot(injectLabel, 'false')] },
    {
      name: 'rev.object',
      namespace: [absent(revisionLabel), absent(injectionLabel)],
      pod: [hasNot(injectLabel, 'false'), has(revisionLabel, revision)],
    },
  ];
}

/** For those that name none. */
function ofDefault(byDefault: boolean): Asked[] {
  const unlabelled = [absent(injectionLabel), absent(revisionLabel)];
  return [
    { name: 'namespace', namespace: [has(injectionLabel, 'enabled')], pod: [hasNot(injectLabel, 'false')] },
    { name: 'object', namespace: unlabelled, pod: [has(injectLabel, 'true'), absent(revisionLabel)] },
    ...(byDefault
      ? [
          {
            name: 'auto',
            namespace: [...unlabelled, hasNot('kubernetes.io/metadata.name', ...systemNamespaces)],
            pod: [absent(injectLabel), absent(revisionLabel)],
          },
        ]
      : []),
  ];
}

/** @param name the revision, or the tag, that namespaces and pods name */
export function mutatingHooks(values: Values, name: string): object[] {
  const { failurePolicy, enableNamespacesByDefault } = values.injector;
  return [...ofRevision(name), ...(name === 'default' ? ofDefault(enableNamespacesByDefault) : [])].map((asked) => ({
    ...hook(values, `${asked.name}.sidecar-injector.istio.io`, injectPath, failurePolicy),
    namespaceSelector: { matchExpressions: asked.namespace },
    objectSelector: { matchExpressions: asked.pod },
    reinvocationPolicy: 'Never',
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
  }));
}

const validated = ['extensions.istio.io', 'networking.istio.io', 'security.istio.io', 'telemetry.istio.io'];

/** What names a revision is validated by it; the default one has what names none, too. */
export function validatingHooks(values: Values, name: string): object[] {
  const asked: [string, Requirement][] = [
    ['rev.validation.istio.io', has(revisionLabel, name)],
    ['validation.istio.io', absent(revisionLabel)],
  ];
  return (name === 'default' ? asked : asked.slice(0, 1)).map(([hookName, requirement]) => ({
    ...hook(values, hookName, validatePath, values.validation.failurePolicy),
    objectSelector: { matchExpressions: [requirement] },
    rules: [{ apiGroups: validated, apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['*'] }],
  }));
}

export function renderWebhooks(context: Context): RenderedObject[] {
  const { values } = context;
  const { injector, validation, revision } = values;
  const names = installedNames(revision);
  const make = maker(context, 'Controller');
  return [
    ...(injector.enabled
      ? [make('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', { name: names.mutatingWebhook, webhooks: mutatingHooks(values, revision) })]
      : []),
    ...(validation.enabled
      ? [
          make('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', {
            name: names.validatingWebhook,
            webhooks: validatingHooks(values, revision),
          }),
        ]
      : []),
  ];
}
