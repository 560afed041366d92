// What the demo shows. Each scene says what is to be seen, shows it, and checks it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Application } from './applications.ts';
import { type Bar, drawAnswers, drawBars } from './bars.ts';
import type { Answer, Client } from './client.ts';
import type { Screen } from './screen.ts';
import type { SidecarProcess } from './sidecar.ts';

const root = join(import.meta.dirname, '../..');
const steps = 'fixtures/payment-steps';
const requests = 200;
/** Of the scenes that show each answer. */
const fewRequests = 60;
/** Where somebody watches, all requests of a scene take this long. */
const watchedMs = 1200;

export interface Stage {
  screen: Screen;
  applications: readonly Application[];
  sidecar: SidecarProcess;
  client: Client;
}

/** @returns exit code of weft */
export function analyze(screen: Screen, args: readonly string[], cwd = root): number | null {
  screen.command(`weft analyze ${args.join(' ')}`);
  screen.say('');
  return spawnSync(process.execPath, [join(root, 'bin/weft.js'), 'analyze', ...args], { cwd, stdio: 'inherit' }).status;
}

function reset({ applications }: Stage): void {
  for (const application of applications) application.reset();
}

function came({ applications }: Stage, version: string): number {
  return applications.filter((own) => own.version === version).reduce((sum, own) => sum + own.requests, 0);
}

function errors(answers: readonly Answer[]): number {
  return answers.filter(({ status }) => status !== 200).length;
}

async function send(stage: Stage, count: number, lines: (answers: readonly Answer[]) => string[]): Promise<Answer[]> {
  const { screen, client } = stage;
  const answers = await client.send(count, screen.live ? watchedMs : 0, (soFar) => screen.draw(() => lines(soFar)));
  return answers;
}

/** A good answer ends the row of errors that an endpoint has already. */
async function recover({ client }: Stage, application: Application): Promise<void> {
  application.reset();
  while (application.requests === 0) await client.get('/pay');
}

/** A bar for each endpoint of v1; `notes` stand behind them. */
function endpointBars({ applications, screen }: Stage, whole: number, notes: ReadonlyMap<Application, string> = new Map()): string[] {
  const bars = applications
    .filter(({ version }) => version === 'v1')
    .map(
      (own): Bar => ({
        label: own.name,
        count: own.requests,
        look: own.failures > 0 ? 'error' : 'good',
        ...(notes.has(own) ? { note: notes.get(own) ?? '' } : {}),
      }),
    );
  return drawBars(bars, screen.style, { whole });
}

/** Every request is answered by v1, and copied to v2. */
export async function mirror(stage: Stage): Promise<void> {
  const { screen } = stage;
  screen.title('3 · v1 answers, v2 gets a copy');
  screen.tell(`${requests} requests for payment-service, through the sidecar:`);
  screen.say('');
  reset(stage);
  const bars = (): string[] =>
    drawBars(
      [
        { label: 'v1', count: came(stage, 'v1'), look: 'good', note: 'answered' },
        { label: 'v2', count: came(stage, 'v2'), look: 'light', note: 'copies; answers go nowhere' },
      ],
      screen.style,
      { whole: requests },
    );
  const answers = await send(stage, requests, bars);
  // Copies are on their way when the answers are there.
  await stage.sidecar.until('all copies have come', async () => came(stage, 'v2') >= requests).catch(() => {});
  screen.done([...bars(), '']);
  screen.check(errors(answers) === 0 && answers.every(({ endpoint }) => endpoint.startsWith('v1-')), `${requests} answers, all of them 200, all by v1`);
  screen.check(came(stage, 'v1') === requests && came(stage, 'v2') === requests, `${came(stage, 'v1')} requests came to v1, ${came(stage, 'v2')} copies to v2`);
}

/** Weights, taken while the sidecar runs. */
export async function canary(stage: Stage): Promise<void> {
  const { screen, sidecar } = stage;
  screen.title('4 · A canary: one request of ten to v2');
  screen.command(`cp ${steps}/canary.yaml ${sidecar.mesh}/virtual-service.yaml`);
  await sidecar.apply(`${steps}/canary.yaml`, 'virtual-service.yaml');
  screen.tell('The sidecar watches its manifests: the new weights are in force, and nothing was restarted.');
  screen.say('');
  reset(stage);
  const bars = (): string[] =>
    drawBars(
      [
        { label: 'v1', count: came(stage, 'v1'), look: 'good' },
        { label: 'v2', count: came(stage, 'v2'), look: 'info' },
      ],
      screen.style,
      { whole: requests },
    );
  const answers = await send(stage, requests, bars);
  screen.done([...bars(), '']);
  const v2 = came(stage, 'v2');
  screen.check(errors(answers) === 0 && came(stage, 'v1') + v2 === requests, `${requests} answers, all of them 200, and no copies any more`);
  // 20 are expected, with a standard deviation of 4.2: five of them once in a million runs.
  screen.check(v2 > 0 && v2 <= 42, `v2 answered ${v2} of ${requests}: each request is drawn, so 20 give or take a few`);
}

/** The circuit breaker that never opens, and the one that does. */
export async function breaker(stage: Stage): Promise<void> {
  const { screen, sidecar, applications } = stage;
  const [bad] = applications as [Application];
  screen.title('5 · The circuit breaker');
  screen.tell(
    'Back to the mirror. As published, the reference example leaves maxEjectionPercent at its default. (Nobody wants to wait: its ' +
      'interval of 30 s is 1 s here, and its ejection of 60 s is 3 s.) What does weft say?',
  );
  await sidecar.apply('fixtures/payment/virtual-service.yaml', 'virtual-service.yaml');
  await sidecar.apply(`${steps}/breaker-default.yaml`, 'destination-rule.yaml');
  screen.command(`cp ${steps}/breaker-default.yaml ${sidecar.mesh}/destination-rule.yaml`);
  const status = analyze(screen, ['-A', '-o', 'pretty', '--failure-threshold', 'Warning', sidecar.mesh], sidecar.folder);
  screen.say('');
  screen.check(status === 79, 'weft sees it without a single request');
  screen.tell(`And so it is. ${bad.name} answers every request with 500 from now on:`);
  screen.say('');

  reset(stage);
  bad.fails = () => true;
  const row = (answers: readonly Answer[]): string[] => [
    `  ${drawAnswers(
      answers.map(({ status }) => status),
      screen.style,
    )}`,
  ];
  const before = await send(stage, fewRequests, row);
  screen.done([...row(before), '']);
  const stillIn = (await sidecar.outliers()).clusters.every(({ ejected }) => ejected.length === 0);
  screen.check(errors(before) > 5 && stillIn, `${errors(before)} of ${fewRequests} clients got an error, and nobody is ejected`);

  screen.tell('With maxEjectionPercent 100, five errors in a row open the breaker:');
  screen.command(`cp ${steps}/breaker.yaml ${sidecar.mesh}/destination-rule.yaml`);
  screen.say('');
  await sidecar.apply(`${steps}/breaker.yaml`, 'destination-rule.yaml');
  await recover(stage, bad);
  reset(stage);
  bad.fails = () => true;
  const during = await send(stage, fewRequests, row);
  screen.done(row(during));
  const ejected = (await sidecar.outliers()).clusters.flatMap((cluster) => cluster.ejected.map(({ address }) => address));
  screen.command(`curl http://127.0.0.1:${sidecar.adminPort}/outliers`);
  screen.say((await sidecar.page('/outliers')).split('\n\n')[0] ?? '');
  screen.say('', ...endpointBars(stage, fewRequests, new Map([[bad, `127.0.0.1:${bad.port}, now ejected`]])), '');
  screen.check(
    errors(during) === 5 && bad.requests === 5 && ejected.length === 1 && ejected[0] === `127.0.0.1:${bad.port}`,
    `open: ${errors(during)} errors, then ${bad.name} got nothing more, and the others answered the rest`,
  );

  bad.fails = () => false;
  screen.tell(`${bad.name} is repaired. When its 3 s are over, it is asked again:`);
  screen.say('');
  await sidecar.until('nobody is ejected', async () => (await sidecar.outliers()).clusters.every((cluster) => cluster.ejected.length === 0));
  reset(stage);
  const after = await send(stage, fewRequests, () => endpointBars(stage, fewRequests));
  screen.done([...endpointBars(stage, fewRequests), '']);
  screen.check(errors(after) === 0 && bad.requests > 0, `closed: ${bad.name} answers its share again, and nobody got an error`);
}

/** An endpoint that fails now and then, without retries and with them. */
export async function retries(stage: Stage): Promise<void> {
  const { screen, sidecar, applications } = stage;
  const [flaky] = applications as [Application];
  // Three of ten, and never five in a row, which would open the breaker.
  const now = (request: number): boolean => (request * 3) % 10 < 3;
  screen.title('6 · Retries hide a flaky endpoint');
  screen.tell(`${flaky.name} fails three requests of ten. Clients see it:`);
  screen.say('');
  reset(stage);
  flaky.fails = now;
  const bars = (answers: readonly Answer[]): string[] =>
    drawBars(
      [
        { label: 'requests', count: answers.length, look: 'good', note: 'that clients sent' },
        { label: 'attempts', count: came(stage, 'v1'), look: 'info', note: 'that came to v1' },
        { label: 'errors', count: errors(answers), look: 'error', note: 'that clients got' },
      ],
      screen.style,
      { whole: requests },
    );
  const before = await send(stage, requests, bars);
  screen.done([...bars(before), '']);
  screen.check(errors(before) > 0 && errors(before) === flaky.failures, `${errors(before)} of ${requests} clients got the error of ${flaky.name}`);

  screen.tell('With retries, for reads only: a payment that is tried again may be made twice, and weft analyze warns of that.');
  screen.command(`cp ${steps}/retries.yaml ${sidecar.mesh}/virtual-service.yaml`);
  screen.say('');
  await sidecar.apply(`${steps}/retries.yaml`, 'virtual-service.yaml');
  reset(stage);
  flaky.fails = now;
  const counted = await sidecar.counter('upstream_rq_retry');
  const after = await send(stage, requests, bars);
  screen.done([...bars(after), '']);
  const retried = (await sidecar.counter('upstream_rq_retry')) - counted;
  screen.check(errors(after) === 0, `no client got an error, though ${flaky.name} failed ${flaky.failures} times`);
  screen.check(
    flaky.failures > 0 && retried === flaky.failures && came(stage, 'v1') === requests + retried,
    `each failure was tried again elsewhere: ${came(stage, 'v1')} attempts, and /stats counts ${retried} retries`,
  );
}
