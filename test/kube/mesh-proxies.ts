// Proxies with an identity of the mesh, beside a test cluster: their pods are objects of the cluster, and their files what its kubelet
// would have written.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { freePorts, pause, toClose, until } from '../proxy/support.ts';
import { WeftProcess } from '../proxy/weft-process.ts';
import type { ProgramSettings } from './controller-program.ts';

export const controllerName = 'weft-controller.istio-system.svc';

export interface TokenOptions {
  audience?: string;
  /** That it is bound to. */
  pod?: { name: string; uid: string };
}

/** As the kubelet gets it for a pod. */
export async function tokenOf(client: KubeClient, namespace: string, account: string, { audience = 'istio-ca', pod }: TokenOptions = {}): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const bound = pod ? { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', ...pod } } : {};
  const spec = { audiences: [audience], expirationSeconds: 3600, ...bound };
  const answer = await client.request<KubeObject>(path, { method: 'POST', body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec } });
  return (answer.status as { token: string }).token;
}

/** Of the mesh, as pods of a namespace find them; empty: they are not there. */
export async function rootsIn(client: KubeClient, namespace: string): Promise<string> {
  const found = await client.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'istio-ca-root-cert' });
  return ((found?.data ?? {}) as Record<string, string>)['root-cert.pem'] ?? '';
}

/** Files that are changed in one step, as a volume of Kubernetes is. */
export class Files {
  readonly path: string;

  constructor() {
    this.path = mkdtempSync(join(tmpdir(), 'weft-pod-'));
    toClose({ close: () => rmSync(this.path, { recursive: true, force: true }) });
  }

  write(name: string, text: string): string {
    const file = join(this.path, name);
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
    return file;
  }
}

export interface GatewayPod {
  namespace: string;
  name: string;
  account: string;
  labels: Readonly<Record<string, string>>;
}

/** The account and the pod, in the cluster. */
export async function createPod(client: KubeClient, { namespace, name, account, labels }: GatewayPod): Promise<{ name: string; uid: string }> {
  await client.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: account } });
  const spec = { serviceAccountName: account, automountServiceAccountToken: false, containers: [{ name: 'istio-proxy', image: 'weft' }] };
  const made = await client.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name, labels: { ...labels } }, spec });
  return { name, uid: made.metadata.uid ?? '' };
}

export interface MeshGateway {
  process: WeftProcess;
  files: Files;
  /** Its token is another one from now on. */
  renewToken(): Promise<void>;
}

const started: WeftProcess[] = [];

/** Ends all gateways that were started, with their Envoys: these would outlive a proxy that is killed. */
export async function stopGateways(): Promise<void> {
  const gateways = started.splice(0);
  for (const gateway of gateways) gateway.signal('SIGTERM');
  await Promise.race([Promise.all(gateways.map(({ exited }) => exited)), pause(60_000)]);
}

/**
 * Starts the proxy of a gateway with the token of its pod.
 *
 * @param engine `embedded`, or the path of an Envoy
 * @param securePort of the controller
 */
export async function startGateway(
  client: KubeClient,
  pod: GatewayPod,
  engine: string,
  securePort: number,
  more: readonly string[] = [],
): Promise<MeshGateway> {
  const [admin = 0] = await freePorts(1);
  const bound = await createPod(client, pod);
  const files = new Files();
  const token = (): Promise<string> => tokenOf(client, pod.namespace, pod.account, { pod: bound });
  const labels = Object.entries(pod.labels).map(([key, value]) => `${key}="${value}"\n`);
  const args = [
    ...(engine === 'embedded' ? ['--engine', 'embedded', '--concurrency', '1'] : ['--engine', 'envoy', '--envoy-path', engine]),
    ...['--xds-address', `127.0.0.1:${securePort}`, '--xds-name', controllerName],
    ...['--token-file', files.write('token', await token()), '--roots-file', files.write('roots', await rootsIn(client, pod.namespace))],
    ...['--gateway', `${pod.namespace}/${pod.name}`, '--ip', '127.0.0.1', '--labels-file', files.write('labels', labels.join(''))],
    ...['--service-account', pod.account, '--bind', '127.0.0.1'],
    ...['--admin-port', admin, '--stats-port', 0, '--agent-port', 0, '--health-port', 0].map(String),
  ];
  const gateway = new WeftProcess('proxy', 'run', ...args, ...more);
  started.push(gateway);
  return { process: gateway, files, renewToken: async () => void files.write('token', await token()) };
}

const program = join(import.meta.dirname, 'controller-program.ts');

/** `controller-program.ts`, on the same port each time it is started. */
export class ControllerProgram {
  log = '';
  private readonly settings: ProgramSettings;
  private child: ChildProcess | undefined;

  private constructor(settings: ProgramSettings) {
    this.settings = settings;
    toClose({ close: () => void this.child?.kill('SIGKILL') });
  }

  static async on(settings: Omit<ProgramSettings, 'securePort' | 'monitoringPort'>): Promise<ControllerProgram> {
    const [securePort = 0, monitoringPort = 0] = await freePorts(2);
    return new ControllerProgram({ ...settings, securePort, monitoringPort });
  }

  get securePort(): number {
    return this.settings.securePort;
  }

  get monitoringPort(): number {
    return this.settings.monitoringPort;
  }

  /** Until it serves. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [program, JSON.stringify(this.settings)], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.log += text;
      });
    }
    const isReady = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error('it ended');
      return fetch(`http://127.0.0.1:${this.settings.monitoringPort}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    };
    await until(isReady, 'the controller serves', 120_000).catch((error: Error) => {
      throw new Error(`${error.message}:\n${this.log}`);
    });
  }

  async kill(): Promise<void> {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}
