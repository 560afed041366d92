// A controller beside the cluster, which its webhooks are routed to: no container runs in a test cluster.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePorts, until } from '../proxy/support.ts';

const program = join(import.meta.dirname, '../../bin/weft.js');

export interface LocalController {
  readonly webhookPort: number;
  readonly xdsPort: number;
  /** Where it has its certificate, and asks who calls. */
  readonly securePort: number;
  readonly monitoringPort: number;
  /** Value of the annotation `kubelab/target` of its Service. */
  readonly target: string;
  /** What it has logged. */
  readonly log: string;
  readonly pid: number;
  /** Starts, or starts again on the same ports; does not wait. */
  start(): void;
  /** Until it serves. */
  ready(): Promise<void>;
  /** Until it has ended, and everything that it logged was read. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Ports are chosen here, so that values can name them before there is anything to control. It is not started yet.
 *
 * @param more flags of `weft controller`
 */
export async function localController(kubeconfig: string, revision = 'default', more: readonly string[] = []): Promise<LocalController> {
  const [xdsPort, securePort, webhookPort, monitoringPort] = (await freePorts(4)) as [number, number, number, number];
  const listen = [
    '--bind',
    '127.0.0.1',
    '--xds-address',
    `127.0.0.1:${xdsPort}`,
    '--secure-port',
    `${securePort}`,
    '--webhook-port',
    `${webhookPort}`,
    '--monitoring-port',
    `${monitoringPort}`,
  ];
  let child: ChildProcess | undefined;
  let log = '';
  const isReady = async (): Promise<boolean> => {
    if (child?.exitCode !== null) throw new Error(`the controller ended with ${child?.exitCode}:\n${log}`);
    return fetch(`http://127.0.0.1:${monitoringPort}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
  };
  return {
    webhookPort,
    xdsPort,
    securePort,
    monitoringPort,
    target: `127.0.0.1:${webhookPort}`,
    get log() {
      return log;
    },
    get pid() {
      return child?.pid as number;
    },
    start() {
      child = spawn(process.execPath, [program, 'controller', '--revision', revision, ...listen, ...more], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, KUBECONFIG: kubeconfig, NO_COLOR: '1' },
      });
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding('utf8').on('data', (text: string) => {
          log += text;
        });
      }
    },
    async ready() {
      await until(isReady, 'the controller serves', 120_000).catch((error: Error) => {
        throw new Error(`${error.message}:\n${log}`);
      });
    },
    async kill(signal = 'SIGKILL') {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'close');
      child.kill(signal);
      await gone;
    },
  };
}
