// Who gets which share of the requests, or of their copies.
import type { DestinationFailure } from '../../simulate/simulation.ts';
import type { Mismatch } from '../result.ts';
import { type ExpectedService, fullHost, isExpected, type Naming, precision, serviceText } from './expected-service.ts';
import { percentText, samePercent } from './text.ts';

export interface ExpectedShare extends ExpectedService {
  percent?: number;
  weight?: number;
}

export interface Share extends Required<ExpectedService> {
  percent: number;
  weight: number | undefined;
  failure?: DestinationFailure;
}

const missing: Partial<Readonly<Record<DestinationFailure['reason'], string>>> = {
  'unknown-host': 'no such service',
  'unknown-port': 'no such port',
  'unknown-subset': 'no such subset',
};

/** An expectation with the shares that belong to it. */
export interface Claim<E extends ExpectedShare = ExpectedShare, S extends Share = Share> {
  expected: E;
  got: S[];
}

export interface Claims<E extends ExpectedShare = ExpectedShare, S extends Share = Share> {
  list: Claim<E, S>[];
  /** Nobody expects them. */
  rest: S[];
}

/** Those that name a service alone take all of its subsets that no other one names. */
export function claimsOf<E extends ExpectedShare, S extends Share>(expected: readonly E[], got: readonly S[], naming: Naming): Claims<E, S> {
  const list = expected.map((one): Claim<E, S> => ({ expected: one, got: [] }));
  const byPrecision = list.length < 2 ? list : [...list].sort((a, b) => precision(b.expected) - precision(a.expected));
  const rest: S[] = [];
  for (const share of got) {
    const claim = byPrecision.find((one) => isExpected(one.expected, share, naming));
    if (claim) claim.got.push(share);
    else rest.push(share);
  }
  return { list, rest };
}

/** Undefined: as expected. */
export function compareShares(field: string, claims: Claims, naming: Naming): Mismatch | undefined {
  const { list, rest } = claims;
  if (list.every(isMet) && rest.every(({ percent }) => percent === 0)) return undefined;
  const expected = list.map((claim) => claim.expected);
  const wanted = expected.map((one) => `${serviceText(one)}${measured(one.percent, one.weight)}`);
  const found = [...list.flatMap(gotText), ...rest.flatMap((share) => restText(share, expected, naming))];
  return { field, expected: wanted.join('\n') || 'none', got: found.join('\n') || 'none' };
}

function isMet({ expected: { percent, weight }, got }: Claim): boolean {
  const none = got.every((share) => share.percent === 0);
  if (percent === undefined ? none && weight !== 0 : !samePercent(total(got, 'percent'), percent)) return false;
  if (weight !== undefined && total(got, 'weight') !== weight) return false;
  return none || got.every(({ failure }) => !failure || missing[failure.reason] === undefined);
}

function gotText({ expected: { percent, weight, ...service }, got }: Claim): string[] {
  const measuredAtAll = percent !== undefined || weight !== undefined;
  if (got.length === 0 || (!measuredAtAll && got.every((share) => share.percent === 0))) return [];
  const shown = measured(percent === undefined ? undefined : total(got, 'percent'), weight === undefined ? undefined : total(got, 'weight'));
  return [`${serviceText(service)}${shown}${whyText(got)}`];
}

function restText(share: Share, expected: readonly ExpectedShare[], naming: Naming): string[] {
  return share.percent === 0 ? [] : [`${serviceText(detailed(share, expected, naming))} ${percentText(share.percent)}${whyText([share])}`];
}

function whyText(shares: readonly Share[]): string {
  const [why] = shares.flatMap(({ failure }) => (failure && missing[failure.reason]) ?? []);
  return why === undefined ? '' : ` (${why})`;
}

/** The host as an expectation says it; a port where some expectation has one. */
function detailed({ host, port, subset }: Share, expected: readonly ExpectedShare[], naming: Naming): ExpectedService {
  const same = expected.find((one) => fullHost(one.host, naming) === host);
  return { host: same?.host ?? host, subset, ...(expected.some((one) => one.port !== undefined) ? { port } : {}) };
}

function measured(percent: number | undefined, weight: number | undefined): string {
  return `${percent === undefined ? '' : ` ${percentText(percent)}`}${weight === undefined ? '' : ` weight ${weight}`}`;
}

function total(shares: readonly Share[], of: 'percent' | 'weight'): number {
  return shares.reduce((sum, share) => sum + (share[of] ?? 0), 0);
}
