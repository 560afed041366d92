// The container of the sidecar: weft itself, of the injector's image (docs/injection.md).
import type { InjectionConfig } from './config.ts';
import { type Container, type EnvVar, proxyName } from './pod.ts';
import { type Settings, sidecarPorts } from './settings.ts';
import { labelsFile, rootsFile, tokenFile, type VolumeMount } from './volumes.ts';

/** How long a sidecar that has been told to end still takes new connections, while others learn that its pod is going. */
const drainDelaySeconds = 5;

/** `$(NAME)` in arguments is what Kubernetes puts there. */
const environment: readonly EnvVar[] = [
  ['POD_NAME', 'metadata.name'],
  ['POD_NAMESPACE', 'metadata.namespace'],
  ['INSTANCE_IPS', 'status.podIPs'],
  ['SERVICE_ACCOUNT', 'spec.serviceAccountName'],
].map(([name, fieldPath]) => ({ name: name as string, valueFrom: { fieldRef: { fieldPath } } }));

/** @param role a gateway listens where its Gateways say, and nothing is redirected to it */
export function proxyContainer(role: Role, settings: Settings, config: InjectionConfig, mounts: VolumeMount[]): Container {
  const { image, agentPort, readiness } = settings;
  const isReady = { httpGet: { path: '/healthz/ready', port: sidecarPorts.health }, timeoutSeconds: 3 };
  return {
    name: proxyName,
    image,
    ...(config.imagePullPolicy ? { imagePullPolicy: config.imagePullPolicy } : {}),
    args: ['proxy', 'run', ...argumentsOf(role, settings)],
    ports: [{ containerPort: sidecarPorts.stats, name: 'http-envoy-prom', protocol: 'TCP' }],
    env: structuredClone([...environment]),
    ...lifecycleOf(role, settings),
    startupProbe: { ...structuredClone(isReady), failureThreshold: 600, periodSeconds: 1 },
    ...(agentPort === 0 ? {} : { readinessProbe: { ...structuredClone(isReady), ...readiness } }),
    resources: structuredClone({ ...settings.resources }),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsGroup: config.uid,
      runAsNonRoot: true,
      runAsUser: config.uid,
    },
    volumeMounts: structuredClone(mounts),
  };
}

type Role = 'sidecar' | 'gateway';

/** A native sidecar is told that its pod is going by a hook, and by a signal when the application has ended. */
function isTold(role: Role, { native, agentPort }: Settings): boolean {
  return role === 'sidecar' && native && agentPort !== 0;
}

function argumentsOf(role: Role, settings: Settings): string[] {
  const { engine, xdsAddress, capture, agentPort, concurrency, drainSeconds, logLevel, ignoreEnvoyFilters } = settings;
  const self = '$(POD_NAMESPACE)/$(POD_NAME)';
  return [
    ...['--engine', engine, '--xds-address', xdsAddress, '--token-file', tokenFile, '--roots-file', rootsFile],
    ...(role === 'gateway' ? ['--gateway', self, '--bind', '*'] : ['--proxy', self, ...(capture === 'none' ? [] : ['--capture'])]),
    ...['--ip', '$(INSTANCE_IPS)', '--labels-file', labelsFile, '--service-account', '$(SERVICE_ACCOUNT)', '--probe-bind', '*'],
    ...(agentPort === sidecarPorts.agent ? [] : ['--agent-port', String(agentPort)]),
    ...['--concurrency', String(concurrency), '--drain-time', `${drainSeconds}s`],
    ...['--drain-delay', isTold(role, settings) ? '0s' : `${drainDelaySeconds}s`, '--log-level', logLevel],
    ...(ignoreEnvoyFilters && engine === 'embedded' ? ['--ignore-envoy-filters'] : []),
  ];
}

function lifecycleOf(role: Role, settings: Settings): Pick<Container, 'lifecycle'> {
  const { hold, agentPort } = settings;
  const run = (...args: string[]): { exec: { command: string[] } } => ({ exec: { command: ['weft', 'proxy', ...args] } });
  const elsewhere = agentPort === sidecarPorts.agent ? [] : ['--url', `http://127.0.0.1:${agentPort}`];
  if (isTold(role, settings)) return { lifecycle: { preStop: run('drain', ...elsewhere) } };
  // The containers after it are started when its hook has ended.
  return hold && role === 'sidecar' ? { lifecycle: { postStart: run('wait', '--timeout', '60s') } } : {};
}
