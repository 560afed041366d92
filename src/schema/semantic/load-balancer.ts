import { deprecatedRingSize } from '../../manifest/istio/deprecated.ts';
import type {
  LoadBalancerSettings,
  LoadBalancerSettings_ConsistentHashLB,
  LoadBalancerSettings_ConsistentHashLB_HTTPCookie,
  OutlierDetection,
  WarmupConfiguration,
} from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkLocality } from './locality.ts';
import { checkDuration, itemsOf } from './primitives.ts';
import type { ProblemSink } from './validator.ts';

/** `loadBalancer` of a traffic policy. */
export function checkLoadBalancer(sink: ProblemSink, path: Path, settings: LoadBalancerSettings | undefined, outlier: OutlierDetection | undefined): void {
  if (!settings) return;
  if (settings.consistentHash) checkConsistentHash(sink, [...path, 'consistentHash'], settings.consistentHash);
  checkLocality(sink, [...path, 'localityLbSetting'], settings.localityLbSetting, outlier);
  if (settings.warmup) checkWarmup(sink, [...path, 'warmup'], settings.warmup);
}

function checkConsistentHash(sink: ProblemSink, path: Path, hash: LoadBalancerSettings_ConsistentHashLB): void {
  if (hash.httpCookie) checkCookie(sink, [...path, 'httpCookie'], hash.httpCookie);
  const deprecated = deprecatedRingSize(hash, ['spec', ...path]);
  if (deprecated) {
    const at = [...path, 'minimumRingSize'];
    sink.warning(at, deprecated.text, deprecated);
    if (hash.ringHash || hash.maglev)
      sink.error(at, 'only one size can be set: minimumRingSize stands beside a hash algorithm (Maglev/Ringhash), which has its own', {
        help: 'remove minimumRingSize',
      });
  }
  if (hash.maglev) checkTableSize(sink, [...path, 'maglev', 'tableSize'], hash.maglev.tableSize ?? 0);
}

function checkCookie(sink: ProblemSink, path: Path, cookie: LoadBalancerSettings_ConsistentHashLB_HTTPCookie): void {
  if (!cookie.name) sink.error([...path, 'name'], 'name of the cookie is missing');
  const names = new Set<string>();
  itemsOf(cookie.attributes).forEach(({ name }, i) => {
    const at = [...path, 'attributes', i, 'name'];
    if (!name) sink.error(at, 'cookie attribute without a name');
    else if (names.has(name)) sink.error(at, `duplicate cookie attribute ${name}`);
    names.add(name ?? '');
  });
}

const tableSizeEnd = 5000011;

/** Envoy's table of a maglev load balancer: a prime number that is not too large. */
function checkTableSize(sink: ProblemSink, path: Path, size: number): void {
  if (size === 0) sink.error(path, 'tableSize of maglev is missing', { same: 'no tableSize' });
  if (size >= tableSizeEnd) sink.error(path, `tableSize of maglev is ${size}; it has to be less than ${tableSizeEnd}`, { same: 'tableSize too large' });
  if (!isPrime(size))
    sink.error(path, `tableSize of maglev is ${size}, which is not a prime number`, { same: 'tableSize not prime', help: 'the default is 65537' });
}

/** Divisors beyond 65,536 are not tried: such sizes are too large anyway. */
function isPrime(number: number): boolean {
  if (number < 4) return number > 0;
  if (number % 2 === 0) return false;
  const limit = Math.min(Math.sqrt(number), 65536);
  for (let factor = 3; factor <= limit; factor += 2) if (number % factor === 0) return false;
  return true;
}

function checkWarmup(sink: ProblemSink, path: Path, warmup: WarmupConfiguration): void {
  const { duration, minimumPercent = 0, aggression } = warmup;
  if (duration === undefined)
    sink.error([...path, 'duration'], 'duration of warmup is missing', { help: 'set how long a new host takes to get its full share, such as duration: 60s' });
  else checkDuration(sink, [...path, 'duration'], duration);
  if (minimumPercent > 100) {
    sink.error([...path, 'minimumPercent'], `minimumPercent of warmup is ${minimumPercent}; it can be 100 at most`, { same: 'warmup minimumPercent' });
  }
  if (aggression !== undefined && aggression < 1) {
    sink.error([...path, 'aggression'], `aggression of warmup is ${aggression}; it has to be 1 or more`, { same: 'warmup aggression' });
  }
}
