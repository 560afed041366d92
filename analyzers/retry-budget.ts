import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { message } from '../src/analysis/message.ts';
import { formatDuration, parseDuration } from '../src/manifest/duration.ts';
import { httpRules } from '../src/translate/destinations.ts';

const WFT1004 = message<{ timeout: string; tries: number; perTry: string; reached: number }>({
  name: 'RetriesCutShort',
  level: 'Warning',
  summary: 'the timeout of a route ends before its retries are used',
  text: ({ timeout, tries, perTry, reached }) =>
    `the timeout of ${timeout} ends before ${tries} tries of ${perTry} each: when they are slow, ${reached === 1 ? 'only the first is' : `only ${reached} are`} made in full`,
  help: ({ tries, perTry }) => `let the timeout be at least ${formatDuration((parseDuration(perTry) ?? 0) * tries)}, shorten perTryTimeout, or retry less`,
  effect: ({ timeout }) => `slow requests fail with 504 after ${timeout}, retries or not`,
});

const WFT1020 = message<{ retryOn: string; methods: string }>({
  name: 'RetryNonIdempotent',
  level: 'Info',
  summary: 'requests that change something are retried after the upstream may have acted on them',
  text: ({ retryOn, methods }) => `${methods} requests are retried on ${retryOn}, when the upstream may already have done what they ask`,
  help: 'retry only reads (a rule of its own for GET and HEAD), or only on connect-failure, refused-stream and unavailable; or make the requests idempotent',
  effect: 'an order or a payment can be made twice',
});

/** Conditions that are met before an upstream has seen the request, or that say that it did nothing with it. */
const harmless: ReadonlySet<string> = new Set([
  'connect-failure',
  'refused-stream',
  'unavailable',
  'retriable-headers',
  'envoy-ratelimited',
  'reset-before-request',
  'http3-post-connect-failure',
]);
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** The first try counts, too: `attempts: 2` are three tries. A timeout of 0 is none. */
export default defineAnalyzer({
  name: 'weft.RetryAnalyzer',
  summary: 'retries fit into the timeout and do not repeat what changes something',
  reads: ['VirtualService'],
  preset: 'recommended',
  messages: { WFT1004, WFT1020 },
  check({ mesh, report }) {
    for (const service of mesh.list('VirtualService')) {
      for (const { route, rule, path } of httpRules(service)) {
        const { retries, timeout } = route;
        if (!retries || !route.route || (retries.attempts ?? 0) <= 0) continue;
        const whole = parseDuration(timeout ?? '0') ?? 0;
        const perTry = parseDuration(retries.perTryTimeout ?? '0') ?? 0;
        const tries = (retries.attempts ?? 0) + 1;
        if (whole > 0 && perTry > 0 && whole < perTry * tries) {
          const data = { timeout: timeout as string, tries, perTry: retries.perTryTimeout as string, reached: Math.floor(whole / perTry) || 1 };
          report('WFT1004', service, [...path, 'timeout'], data, {
            related: [{ resource: service, path: [...path, 'retries', 'perTryTimeout'], text: 'the time of one try' }],
          });
        }
        const risky = (retries.retryOn ?? '')
          .split(',')
          .map((p) => p.trim())
          .filter((p) => p !== '' && !harmless.has(p));
        const methods = methodsOf(route);
        if (risky.length > 0 && methods !== undefined)
          report('WFT1020', service, ['spec', 'http', rule, 'retries', 'retryOn'], { retryOn: risky.join(', '), methods });
      }
    }
  },
});

/** The methods of a rule that may change something twice; undefined when all its matches ask for others. */
function methodsOf(route: { match?: ({ method?: { exact?: string } } | null)[] }): string | undefined {
  const matches = (route.match ?? []).filter((m) => m !== null);
  if (matches.length === 0 || matches.some((m) => m.method?.exact === undefined)) return 'POST and PATCH';
  const unsafe = [...new Set(matches.map((m) => m.method?.exact as string))].filter((m) => !safeMethods.has(m));
  return unsafe.length > 0 ? unsafe.join(' and ') : undefined;
}
