// What the control plane may do: as little as it does. Of the Secrets of users it reads those of namespaces with gateways.
import { installedNames, type Values } from '../values.ts';
import { type Context, maker, type RenderedObject } from './object.ts';

export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

const rbac = 'rbac.authorization.k8s.io';
const admission = 'admissionregistration.k8s.io';
const read = ['get', 'list', 'watch'];

/** Resources of the mesh's own kinds, by group. Each has a status; that of a WorkloadEntry is of who checks its health. */
const meshResources: Readonly<Record<string, readonly string[]>> = {
  'extensions.istio.io': ['wasmplugins'],
  'networking.istio.io': [
    'destinationrules',
    'envoyfilters',
    'gateways',
    'proxyconfigs',
    'serviceentries',
    'sidecars',
    'virtualservices',
    'workloadentries',
    'workloadgroups',
  ],
  'security.istio.io': ['authorizationpolicies', 'peerauthentications', 'requestauthentications'],
  'telemetry.istio.io': ['telemetries'],
};

/** Other resources that the routing table is made of. */
const otherResources: Readonly<Record<string, readonly string[]>> = {
  '': ['namespaces', 'nodes', 'pods', 'services'],
  'discovery.k8s.io': ['endpointslices'],
  'gateway.networking.k8s.io': ['gateways', 'grpcroutes', 'httproutes', 'referencegrants', 'tcproutes', 'tlsroutes'],
};

/** In the whole cluster. */
export function clusterRules({ controller, revision }: Values): PolicyRule[] {
  const { mutatingWebhook, validatingWebhook } = installedNames(revision);
  const rules: PolicyRule[] = Object.entries({ ...otherResources, ...meshResources }).map(([group, resources]) => ({
    apiGroups: [group],
    resources: [...resources],
    verbs: read,
  }));
  if (controller.statusConditions) {
    for (const [group, resources] of Object.entries(meshResources)) {
      const written = resources.filter((name) => name !== 'workloadentries');
      rules.push({ apiGroups: [group], resources: written.map((name) => `${name}/status`), verbs: ['patch'] });
    }
  }
  // Whose token somebody shows who wants a certificate.
  rules.push({ apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] });
  // The roots of the mesh, in every namespace.
  rules.push({ apiGroups: [''], resources: ['configmaps'], verbs: [...read, 'create', 'patch'], resourceNames: [installedNames(revision).roots] });
  // It writes its certificate authority into its own webhooks. Those of tags have rights of their own.
  rules.push({ apiGroups: [admission], resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'], verbs: read });
  rules.push(webhookRule('mutatingwebhookconfigurations', mutatingWebhook), webhookRule('validatingwebhookconfigurations', validatingWebhook));
  return rules;
}

export function webhookRule(resource: 'mutatingwebhookconfigurations' | 'validatingwebhookconfigurations', name: string): PolicyRule {
  return { apiGroups: [admission], resources: [resource], verbs: ['patch'], resourceNames: [name] };
}

/** In its own namespace, of its own names. Nobody can be allowed to create objects of one name only. */
export function namespaceRules({ revision }: Values): PolicyRule[] {
  const { controller, meshConfig, injector, servingCertificate, rootSecret, pluggedSecret } = installedNames(revision);
  return [
    { apiGroups: [''], resources: ['configmaps'], verbs: read, resourceNames: [meshConfig, injector] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'update'], resourceNames: [controller] },
    { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
    { apiGroups: [''], resources: ['secrets'], verbs: [...read, 'update'], resourceNames: [servingCertificate, rootSecret] },
    { apiGroups: [''], resources: ['secrets'], verbs: read, resourceNames: [pluggedSecret] },
  ];
}

export function renderRbac(context: Context): RenderedObject[] {
  const { values } = context;
  const { namespace, revision } = values;
  const { controller } = installedNames(revision);
  const make = maker(context, 'Controller');
  const subjects = [{ kind: 'ServiceAccount', name: controller, namespace }];
  const clusterName = clusterRoleName(values);
  return [
    make('v1', 'ServiceAccount', { name: controller, namespace }),
    make(`${rbac}/v1`, 'ClusterRole', { name: clusterName, rules: clusterRules(values) }),
    make(`${rbac}/v1`, 'ClusterRoleBinding', { name: clusterName, roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: clusterName }, subjects }),
    make(`${rbac}/v1`, 'Role', { name: controller, namespace, rules: namespaceRules(values) }),
    make(`${rbac}/v1`, 'RoleBinding', { name: controller, namespace, roleRef: { apiGroup: rbac, kind: 'Role', name: controller }, subjects }),
  ];
}

/** Namespaces whose Secrets the control plane may read. */
export function secretNamespaces({ controller, gateways, namespace }: Values): string[] {
  const enabled = gateways.filter((gateway) => gateway.enabled).map((gateway) => gateway.namespace || namespace);
  return [...new Set([...enabled, ...(controller.enabled ? controller.secretNamespaces : [])])];
}

/** Certificates of gateways are in Secrets beside them: these, and no others, the control plane may read. */
export function renderSecretRights(context: Context): RenderedObject[] {
  const { values } = context;
  const { namespace, revision } = values;
  const make = maker(context, 'Controller');
  const name = `${clusterRoleName(values)}-secrets`;
  const subjects = [{ kind: 'ServiceAccount', name: installedNames(revision).controller, namespace }];
  const rules: PolicyRule[] = [{ apiGroups: [''], resources: ['secrets'], verbs: read }];
  return secretNamespaces(values).flatMap((one) => [
    make(`${rbac}/v1`, 'Role', { name, namespace: one, rules }),
    make(`${rbac}/v1`, 'RoleBinding', { name, namespace: one, roleRef: { apiGroup: rbac, kind: 'Role', name }, subjects }),
  ]);
}

/** Control planes in two namespaces have roles of two names. */
function clusterRoleName({ namespace, revision }: Pick<Values, 'namespace' | 'revision'>): string {
  return `${installedNames(revision).controller}-${namespace}`;
}

/** Rights on the webhooks of one tag, which its revision's control plane writes its certificate authority into. */
export function renderTagRbac(context: Context, tag: string, rules: PolicyRule[], labels: Readonly<Record<string, string>>): RenderedObject[] {
  const { namespace, revision } = context.values;
  const make = maker(context, 'Controller');
  const name = `${installedNames(revision).tagWebhook(tag)}-${namespace}`;
  const subjects = [{ kind: 'ServiceAccount', name: installedNames(revision).controller, namespace }];
  return [
    make(`${rbac}/v1`, 'ClusterRole', { name, labels, rules }),
    make(`${rbac}/v1`, 'ClusterRoleBinding', { name, labels, roleRef: { apiGroup: rbac, kind: 'ClusterRole', name }, subjects }),
  ];
}
