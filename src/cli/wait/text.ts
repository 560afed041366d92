import { oneLine } from '../../analysis/report/terminal-text.ts';
import type { Awaited, ProxyProgress } from '../../envoy/xds/control-plane-api.ts';
import { fullName } from '../../envoy/xds/proxy-statuses.ts';
import { counted } from '../counted.ts';
import { ago } from '../proxy-status/text.ts';
import { neededOf, type Tally } from './tally.ts';

/** Of proxies that are behind, as many are named. */
const mostNamed = 20;

/** One proxy that is behind, and why. */
export function behindText(proxy: ProxyProgress): string {
  const { program, state, forMs, types = [], text = '' } = proxy;
  const name = `${fullName(proxy)}${program === '' ? '' : ` (${program.replace('/', ' ')})`}`;
  const time = forMs === undefined ? '' : ago(forMs);
  switch (state) {
    case 'refused':
      return `${name} refuses ${types.join(', ')}${time === '' ? '' : `, since ${time}`}: ${oneLine(text)}`;
    case 'unanswered':
      return `${name} was sent ${types.join(', ')} ${time} ago, and does not answer`;
    case 'starting':
      return `${name} has connected ${time} ago, and has not asked for everything yet`;
    case 'unconnected':
      return `${name} is not connected${time === '' ? '' : `, since ${time}`}: it goes on with what it had`;
    case 'unsent':
      return `${name} was not sent it yet`;
    case 'acknowledged':
      return `${name} has it`;
  }
}

/** A line for each of those that are behind, up to a number. */
export function behindLines(proxies: readonly ProxyProgress[]): string[] {
  const behind = proxies.filter(({ state }) => state !== 'acknowledged');
  const more = behind.length - mostNamed;
  return [...behind.slice(0, mostNamed).map(behindText), ...(more > 0 ? [`and ${more} more`] : [])];
}

/** What is waited for: `2 of 5 proxies: cart.shop was sent RDS 2s ago, and does not answer`. */
export function progressText({ isServed, why, proxies, acknowledged }: Tally): string {
  if (!isServed) return `the control plane: ${why}`;
  const [first] = behindLines(proxies);
  if (first === undefined) return 'proxies: none is connected';
  return `${proxies.length - acknowledged} of ${countOf(proxies.length)}: ${first}`;
}

/** At the end: `VirtualService shop/cart: 5 of 5 proxies have it`. */
export function reachedText(resource: string, what: Awaited, { proxies, acknowledged }: Tally, threshold: number): string {
  const count = proxies.length;
  const have = what === 'delete' ? `${count === 1 ? 'goes' : 'go'} on without it` : `${count === 1 ? 'has' : 'have'} it`;
  if (count === 0) return `${resource}: no proxy is connected, and --threshold 0 asks for none`;
  const rest = acknowledged === count ? '' : ` (${neededOf(count, threshold)} ${neededOf(count, threshold) === 1 ? 'is' : 'are'} enough)`;
  return `${resource}: ${acknowledged} of ${countOf(count)} ${have}${rest}`;
}

/** When the time is over, after `gave up after 30s: `. */
export function missedText(resource: string, what: Awaited, { isServed, why, proxies, acknowledged }: Tally, only: readonly string[]): string {
  const count = proxies.length;
  if (count > 0 && isServed) {
    const behind = count - acknowledged;
    const still = what === 'delete' ? `still ${behind === 1 ? 'has' : 'have'} ${resource}` : `${behind === 1 ? 'does' : 'do'} not have ${resource} yet`;
    return `${behind} of ${countOf(count)} ${still}`;
  }
  if (!isServed) return `${resource}: ${why}`;
  return only.length > 0 ? `no proxy ${only.join(' or ')} is connected` : 'no proxy is connected to the control plane';
}

function countOf(proxies: number): string {
  return counted(proxies, 'proxy', 'proxies');
}
