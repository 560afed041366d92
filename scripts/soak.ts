// Mixed load through `weft proxy run` on loopback, while its manifests change every second and endpoints die and come back. Retries
// hide the dead ones, so not one request may fail; memory and handles must stay where they are after the warm-up.
//
//   npm run soak -- [--seconds 600] [--concurrency 1] [--pause 20]
import { parseArgs } from 'node:util';
import { freePort } from '../test/free-ports.ts';
import { Clients, pause } from './soak/clients.ts';
import { type Endpoint, echo, files, named } from './soak/endpoints.ts';
import { manifestsOf, type World } from './soak/manifests.ts';
import { growth, type Sample, sample } from './soak/memory.ts';
import { RunningProxy } from './soak/running-proxy.ts';

/** Between two reloads at least: the next one is when the one before is in force. */
const reloadMs = 1000;
const sampleMs = 1000;
/** An endpoint dies so often, and is dead for up to twice that. */
const deathMs = 700;
/** What takes longer does not come, on the busiest machine either. */
const longestMs = 30_000;

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, concurrency: { type: 'string', default: '1' }, pause: { type: 'string', default: '20' } },
});
const seconds = Number(values.seconds);
if (!(seconds >= 10)) throw new Error('--seconds takes a number from 10 on');

async function main(): Promise<boolean> {
  const v1 = [1, 2, 3].map((i) => named(`v1-${i}`));
  const v2 = [1, 2, 3].map((i) => named(`v2-${i}`));
  const [fileServer, socketServer] = [files(), named('sockets')];
  await Promise.all([...v1, ...v2, fileServer, socketServer].map((endpoint) => endpoint.start()));
  const { server: echoServer, port: echoPort } = await echo();
  const world: World = { v1, v2, files: fileServer, sockets: socketServer, echoPort, tcpPort: await freePort() };
  const proxy = new RunningProxy({ port: await freePort(), admin: await freePort() }, manifestsOf(world, 0), Number(values.concurrency));
  try {
    await proxy.ready();
    return await soak(proxy, world);
  } finally {
    proxy.close();
    echoServer.close();
    await Promise.all([...v1, ...v2, fileServer, socketServer].map((endpoint) => endpoint.die()));
  }
}

async function soak(proxy: RunningProxy, world: World): Promise<boolean> {
  const clients = new Clients({ port: proxy.port, tcpPort: world.tcpPort, pauseMs: Number(values.pause) });
  const samples: Sample[] = [];
  let reloads = 0;
  let deaths = 0;
  clients.start();
  const problems: string[] = [];
  const guarded = (work: () => Promise<void>): void => void work().catch((error: Error) => problems.push(error.message));
  let over = false;
  const reload = async (): Promise<void> => {
    while (!over) {
      const next = pause(reloadMs);
      proxy.write(manifestsOf(world, ++reloads));
      if (!(await within(async () => (await proxy.generation()) > reloads))) throw new Error(`reload ${reloads} was not taken`);
      await next;
    }
  };
  const reloading = reload().catch((error: Error) => void problems.push(error.message));
  const timers = [
    setInterval(() => guarded(async () => void samples.push(await sample(proxy.pid, proxy.adminPort))), sampleMs),
    setInterval(() => {
      deaths++;
      guarded(() => dieForAWhile(deaths % 2 === 0 ? world.v1 : world.v2));
    }, deathMs),
  ];
  for (let tenth = 1; tenth <= 10; tenth++) {
    await pause(seconds * 100);
    console.log(`${Math.round((tenth * seconds) / 10)} s: ${describe(clients, samples.at(-1))}`);
  }
  for (const timer of timers) clearInterval(timer);
  over = true;
  await reloading;
  const generation = await proxy.generation();
  const policies = await proxy.stats('web\\.soak;\\.(upstream_rq_retry|upstream_cx_connect_fail|outlier_detection\\.ejections_enforced_total)$');
  await clients.stop();
  problems.push(...clients.failures, ...(await leftovers(proxy)));
  const warm = samples.slice(Math.floor(samples.length / 4));
  const grown = growth(warm, Number(values.concurrency));
  for (const { name, early, late, most, unit } of grown) if (late > most) problems.push(`${name}: ${late.toFixed(1)} ${unit}, after ${early.toFixed(1)}`);
  const code = await proxy.end();
  if (code !== 0) problems.push(`after SIGTERM: ${code}`);
  const errors = proxy.output.split('\n').filter((line) => /\berror\b|critical|Error:/.test(line));
  problems.push(...errors.map((line) => `the proxy said: ${line}`));
  const total = (stat: string): number => [...policies].reduce((sum, [name, value]) => sum + (name.endsWith(stat) ? value : 0), 0);
  console.log(`reloads ${reloads} (taken: ${generation - 1}), deaths of endpoints ${deaths}`);
  console.log(`tries again ${total('rq_retry')}, connections that could not be made ${total('connect_fail')}, ejections ${total('enforced_total')}`);
  if (total('rq_retry') === 0) problems.push('nothing was tried again: the endpoints that died were not missed');
  for (const { name, early, late, unit } of grown) console.log(`${name}: ${early.toFixed(1)} → ${late.toFixed(1)} ${unit}`.trimEnd());
  for (const problem of problems.slice(0, 30)) console.error(`FAILED: ${problem}`);
  console.log(problems.length === 0 ? `passed: ${describe(clients)}, no failure` : `${problems.length} failures`);
  return problems.length === 0;
}

/** Of each subset at most one is dead at a time. */
async function dieForAWhile(subset: readonly Endpoint[]): Promise<void> {
  if (subset.some(({ alive }) => !alive)) return;
  const endpoint = subset[Math.floor(Math.random() * subset.length)] as Endpoint;
  await endpoint.die();
  await pause(deathMs * 2 * Math.random());
  await endpoint.start();
}

/** Whether it is so within the time that anything takes. */
async function within(isSo: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + longestMs;
  while (!(await isSo())) {
    if (performance.now() > end) return false;
    await pause(20);
  }
  return true;
}

/** What stays counted as under way when nobody asks for anything any more. */
async function leftovers(proxy: RunningProxy): Promise<string[]> {
  const counts = (): Promise<Map<string, number>> =>
    proxy.stats('(server.total_connections|upstream_rq_active|upstream_rq_pending_active|downstream_cx_active)$');
  await within(async () => [...(await counts()).values()].every((value) => value === 0));
  const active = await counts();
  const left = [...active].filter(([, value]) => value !== 0).map(([name, value]) => `${name} is ${value} at the end`);
  return active.size > 3 ? left : [...left, 'the proxy shows no counts'];
}

function describe({ done, failures }: Clients, last?: Sample): string {
  const counts = Object.entries(done).map(([kind, count]) => `${kind} ${count}`);
  const memory = last?.rss === undefined ? '' : `, ${Math.round(last.rss / 1024 / 1024)} MB`;
  return `${counts.join(', ')}${failures.length > 0 ? `, FAILED ${failures.length}` : ''}${memory}`;
}

process.exitCode = (await main()) ? 0 : 1;
