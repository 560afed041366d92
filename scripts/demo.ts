// npm run demo: what weft says of a healthy mesh and of a broken one, then the healthy one for real: the payment service in two
// versions, and the sidecar in front of it. It checks what it shows, and ends with 1 where something is not so.
import { startApplications } from './demo/applications.ts';
import { Client } from './demo/client.ts';
import { analyze, breaker, canary, mirror, retries, type Stage } from './demo/scenes.ts';
import { Screen } from './demo/screen.ts';
import { SidecarProcess } from './demo/sidecar.ts';

/** Whatever hangs, the demo ends. */
const deadlineMs = 60_000;

interface Reading {
  title: string;
  caption: string;
  fixture: string;
  /** Exit code of weft: 0 clean, 79 findings. */
  exit: number;
}

const readings: readonly Reading[] = [
  {
    title: '1 · A healthy mesh',
    caption: 'payment-service in two versions: v1 answers, v2 gets a copy of every request, and a circuit breaker guards both.',
    fixture: 'fixtures/payment',
    exit: 0,
  },
  {
    title: '2 · The same with three mistakes',
    caption: 'A mirror to a subset that is not there, weights that sum up to 95, a circuit breaker that never opens.',
    fixture: 'fixtures/payment-broken',
    exit: 79,
  },
];

function read(screen: Screen): void {
  for (const { title, caption, fixture, exit } of readings) {
    screen.title(title);
    screen.tell(caption);
    const status = analyze(screen, ['-A', '-o', 'pretty', fixture]);
    screen.say('');
    screen.check(status === exit, `exit code ${exit}`);
  }
}

async function perform(screen: Screen): Promise<void> {
  const applications = await startApplications();
  const sidecar = await SidecarProcess.start(applications);
  // Ctrl-C, and whatever else ends this process, ends the sidecar.
  process.once('exit', () => sidecar.kill());
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(130));
  const client = new Client(sidecar.outboundPort);
  const stage: Stage = { screen, applications, sidecar, client };
  screen.title('Now for real');
  screen.tell('Five servers, three of v1 and two of v2, and the sidecar in front of them, with a copy of fixtures/payment:');
  screen.command(`weft ${sidecar.command.join(' ').replace(/ (?=--map|--outbound|--stats)/g, ' \\\n    ')}`);
  await mirror(stage);
  await canary(stage);
  await breaker(stage);
  await retries(stage);
  client.close();
  screen.title('The end');
  screen.say('');
  const code = await sidecar.stop();
  screen.check(code === 0, 'the sidecar ended in good order');
  for (const application of applications) application.close();
}

const started = performance.now();
setTimeout(() => {
  console.error(`The demo takes longer than ${deadlineMs / 1000} s, and gives up.`);
  process.exit(1);
}, deadlineMs).unref();
const screen = await Screen.open();
read(screen);
try {
  await perform(screen);
} catch (error) {
  screen.failures++;
  console.error((error as Error).message);
}
const seconds = ((performance.now() - started) / 1000).toFixed(0);
if (screen.failures === 0)
  screen.say(
    '',
    screen.style.good(`All of it is so. ${seconds} s.`),
    `Your turn: ${screen.style.strong('weft proxy run -f fixtures/payment')} keeps running (see README.md).`,
  );
else screen.say('', screen.style.error(`${screen.failures} of what was shown is not so.`));
process.exit(screen.failures === 0 ? 0 : 1);
