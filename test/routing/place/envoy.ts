// Envoy with the configuration that the reference's control plane made for a case: it tells errors of the harness from errors of a proxy.
import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { caseHeader } from '../backend/record.ts';
import type { RoutingCase } from '../corpus.ts';
import type { Layout } from '../layout.ts';
import { type Engine, type NotRunning, type Place, ports, type RunningProxy } from './engine.ts';
import { AccessLog, logFormat } from './log.ts';

type Json = Record<string, unknown>;

interface Dump {
  listeners: Json[];
  clusters: Json[];
  endpoints: Json[];
  routes?: Json[];
}

const startMs = 15_000;

/** Applies `change` to every object of a tree, from the inside out. */
function rewrite(value: unknown, change: (object: Json) => Json): unknown {
  if (Array.isArray(value)) return value.map((one) => rewrite(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return change(Object.fromEntries(Object.entries(value).map(([key, one]) => [key, rewrite(one, change)])));
}

function bootstrap(dump: Dump, layout: Layout, logFile: string): Json {
  const routes = new Map((dump.routes ?? []).map((route) => [route.name, route]));
  const endpoints = new Map(dump.endpoints.map((assignment) => [assignment.cluster_name, assignment]));
  const json_format = logFormat(caseHeader);
  const listeners = rewrite(dump.listeners, (object) => {
    if (object.rds) {
      const { rds, ...rest } = object as { rds: { route_config_name: string } };
      return { ...rest, route_config: untyped(routes.get(rds.route_config_name) ?? { name: rds.route_config_name }) };
    }
    if (object.path === '/dev/stdout') return { ...object, path: logFile, log_format: { json_format } };
    return object;
  });
  const clusters = dump.clusters.map((cluster) => {
    if (cluster.type !== 'EDS') return cluster;
    const { eds_cluster_config, ...rest } = cluster as { eds_cluster_config?: { service_name?: string } };
    const name = eds_cluster_config?.service_name ?? cluster.name;
    return { ...rest, type: 'STATIC', load_assignment: { ...untyped(endpoints.get(name) ?? {}), cluster_name: name } };
  });
  const [region = '', zone = '', sub_zone = ''] = (layout.locality ?? '').split('/');
  return {
    node: { id: 'proxy', cluster: 'proxy', locality: { region, zone, sub_zone } },
    layered_runtime: {
      layers: [
        {
          name: 'static',
          static_layer: {
            'envoy.reloadable_features.http_reject_path_with_fragment': false,
            're2.max_program_size.error_level': 32768,
          },
        },
      ],
    },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: ports.admin } } },
    static_resources: { listeners: (listeners as Json[]).map(untyped), clusters: clusters.map(untyped) },
  };
}

function untyped(resource: Json): Json {
  const { '@type': _, ...rest } = resource;
  return rest;
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
    const dump = JSON.parse(readFileSync(this.file(routingCase), 'utf8')) as Dump;
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
        return { log, stop, apply };
      }
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    child.kill('SIGKILL');
    return { refused: false, output: `${ended === undefined ? 'not ready in time' : `exit code ${ended}`}\n${readFileSync(outputFile, 'utf8')}` };
  }
}
