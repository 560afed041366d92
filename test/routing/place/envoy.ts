// Envoy with the configuration that the reference's control plane made for a case: it tells errors of the harness from errors of a proxy.
import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { staticBootstrap } from '../../../src/envoy/bootstrap.ts';
import type { JsonObject } from '../../../src/envoy/json.ts';
import type { EnvoyResources } from '../../../src/envoy/resources.ts';
import { rewrite, staticResources } from '../../../src/envoy/static.ts';
import { caseHeader } from '../backend/record.ts';
import type { RoutingCase } from '../corpus.ts';
import type { Layout } from '../layout.ts';
import { type Engine, isIdle, type NotRunning, type Place, ports, type RunningProxy } from './engine.ts';
import { AccessLog, logFormat } from './log.ts';

const startMs = 60_000;

function bootstrap(dump: EnvoyResources, layout: Layout, logFile: string): JsonObject {
  const json_format = logFormat(caseHeader);
  const logged = rewrite({ ...dump, routes: dump.routes ?? [] }, (object) =>
    object.path === '/dev/stdout' ? { ...object, path: logFile, log_format: { json_format } } : object,
  );
  const [region = '', zone = '', subzone = ''] = (layout.locality ?? '').split('/');
  const node = { id: 'proxy', cluster: 'proxy', locality: { region, zone, subzone }, metadata: {} };
  return staticBootstrap(staticResources(logged), { node, admin: { address: '127.0.0.1', port: ports.admin } });
}

async function live(): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port: ports.admin, path: '/ready' }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    sent.on('error', () => resolve(false));
    sent.end();
  });
}

export class Envoy implements Engine {
  private readonly dumps: string;
  private readonly program: string;

  /** @param folder of the cases; the configurations are in `envoy` beside it */
  constructor(folder: string, program: string) {
    this.dumps = join(folder, '../envoy');
    this.program = program;
  }

  private file({ id }: RoutingCase): string {
    return join(this.dumps, `${id}.config_dump.json`);
  }

  cannotRun(routingCase: RoutingCase): string | undefined {
    if (!existsSync(this.file(routingCase))) return 'there is no configuration of Envoy for it';
    return readFileSync(this.file(routingCase), 'utf8').includes('"sds_config"') ? 'its certificates come from an agent' : undefined;
  }

  async start(routingCase: RoutingCase, layout: Layout, place: Place): Promise<RunningProxy | NotRunning> {
    const dump = JSON.parse(readFileSync(this.file(routingCase), 'utf8')) as EnvoyResources;
    const log = new AccessLog(join(place.folder, 'access.log'));
    const config = join(place.folder, 'envoy.json');
    writeFileSync(config, JSON.stringify(bootstrap(dump, layout, log.file)));
    const outputFile = join(place.folder, 'output.txt');
    const output = openSync(outputFile, 'w');
    const args = ['-c', config, '--concurrency', '1', '--file-flush-interval-msec', '10', '--disable-hot-restart', '-l', 'warning'];
    const child = spawn(this.program, args, { stdio: ['ignore', output, output], ...(place.gid === undefined ? {} : { gid: place.gid }) });
    let ended: number | undefined;
    const exited = new Promise<void>((resolve) => {
      const end = (code: number | null): void => {
        ended = code ?? -1;
        resolve();
      };
      child.on('exit', end);
      child.on('error', () => end(-1));
    });
    const until = performance.now() + startMs;
    while (performance.now() < until && ended === undefined) {
      if (await live()) {
        const stop = async (): Promise<void> => {
          child.kill('SIGKILL');
          await exited;
          log.close();
        };
        const apply = async (): Promise<void> => {
          throw new Error('there is no control plane: the configuration does not change');
        };
        return { log, stop, apply, isIdle };
      }
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    child.kill('SIGKILL');
    return { refused: false, output: `${ended === undefined ? 'not ready in time' : `exit code ${ended}`}\n${readFileSync(outputFile, 'utf8')}` };
  }
}
