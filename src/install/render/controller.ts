// The control plane.
import { injectLabel, revisionLabel } from '../../model/injection.ts';
import { controllerPorts, installedNames } from '../values.ts';
import { type Context, maker, type RenderedObject } from './object.ts';
import { containerImage, environment, imagePull, podSecurity, scheduling, unprivileged } from './pod.ts';

/** User and group of the control plane: any that is not root. */
const controllerUser = 1337;

export function renderController(context: Context): RenderedObject[] {
  const { values } = context;
  const { controller: settings, namespace, revision } = values;
  const name = installedNames(revision).controller;
  const make = maker(context, 'Controller');
  const selector = { app: 'weft-controller', [revisionLabel]: revision };
  const labels = { ...selector, istio: 'weft-controller' };
  return [
    make('v1', 'Service', {
      name,
      namespace,
      labels,
      annotations: settings.serviceAnnotations,
      spec: {
        ports: [
          { name: 'https-xds', port: controllerPorts.secure, targetPort: controllerPorts.secure, protocol: 'TCP' },
          { name: 'https-webhook', port: controllerPorts.webhookService, targetPort: controllerPorts.webhook, protocol: 'TCP' },
          { name: 'http-monitoring', port: controllerPorts.monitoring, targetPort: controllerPorts.monitoring, protocol: 'TCP' },
        ],
        selector,
      },
    }),
    make('apps/v1', 'Deployment', {
      name,
      namespace,
      labels,
      spec: {
        replicas: settings.replicas,
        selector: { matchLabels: selector },
        // The new pod serves before an old one goes, also where there is one only.
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 }, type: 'RollingUpdate' },
        template: {
          metadata: {
            // It injects others, and must not wait for itself.
            labels: { ...settings.podLabels, ...labels, [injectLabel]: 'false' },
            annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(controllerPorts.monitoring), ...settings.podAnnotations },
          },
          spec: {
            serviceAccountName: name,
            ...imagePull(context),
            securityContext: podSecurity(controllerUser),
            ...scheduling(settings, selector),
            containers: [container(context)],
            volumes: [{ name: 'tmp', emptyDir: {} }],
          },
        },
      },
    }),
    make('policy/v1', 'PodDisruptionBudget', { name, namespace, labels, spec: { maxUnavailable: 1, selector: { matchLabels: selector } } }),
  ];
}

function container(context: Context): object {
  const { controller, clusterDomain, clusterId, namespace, revision } = context.values;
  const probe = (path: string): object => ({ httpGet: { path, port: controllerPorts.monitoring } });
  return {
    name: 'controller',
    ...containerImage(context),
    args: [
      'controller',
      ...['--istioNamespace', namespace, '--revision', revision, '--cluster-id', clusterId, '--cluster-domain', clusterDomain],
      // In plain text only for those in the pod.
      ...['--secure-port', String(controllerPorts.secure), '--xds-address', `127.0.0.1:${controllerPorts.xds}`],
      ...['--webhook-port', String(controllerPorts.webhook)],
      ...['--monitoring-port', String(controllerPorts.monitoring)],
      ...['--max-workload-cert-ttl', controller.maxWorkloadCertTTL],
      ...['--log-level', controller.logLevel, '--log-format', controller.logFormat],
      ...(controller.statusConditions ? ['--status-conditions'] : []),
    ],
    env: [
      ...[
        ['POD_NAME', 'metadata.name'],
        ['POD_NAMESPACE', 'metadata.namespace'],
      ].map(([name, fieldPath]) => ({ name, valueFrom: { fieldRef: { fieldPath } } })),
      ...environment(controller.env),
    ],
    ports: [
      { containerPort: controllerPorts.secure, name: 'https-xds', protocol: 'TCP' },
      { containerPort: controllerPorts.webhook, name: 'https-webhook', protocol: 'TCP' },
      { containerPort: controllerPorts.monitoring, name: 'http-monitoring', protocol: 'TCP' },
    ],
    // A large mesh takes its time to be read; until then nobody is told that it is empty.
    startupProbe: { ...probe('/healthz'), failureThreshold: 60, periodSeconds: 2, timeoutSeconds: 5 },
    livenessProbe: { ...probe('/healthz'), failureThreshold: 3, periodSeconds: 10, timeoutSeconds: 5 },
    readinessProbe: { ...probe('/readyz'), failureThreshold: 3, periodSeconds: 3, timeoutSeconds: 5 },
    resources: controller.resources,
    securityContext: unprivileged,
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  };
}
