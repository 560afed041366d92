// Response flags of a request, in the order in which they were raised (RT-R122): `URX,UF`, `DI,FI`. A set of them is one number:
// five bits for each flag, the first lowest, so that raising one allocates nothing.

export const flags = {
  failedLocalHealthCheck: 1,
  noHealthyUpstream: 2,
  upstreamRequestTimeout: 3,
  localReset: 4,
  upstreamRemoteReset: 5,
  upstreamConnectionFailure: 6,
  upstreamConnectionTermination: 7,
  upstreamOverflow: 8,
  noRouteFound: 9,
  delayInjected: 10,
  faultInjected: 11,
  rateLimited: 12,
  unauthorizedExternalService: 13,
  rateLimitServiceError: 14,
  downstreamConnectionTermination: 15,
  upstreamRetryLimitExceeded: 16,
  streamIdleTimeout: 17,
  invalidEnvoyRequestHeaders: 18,
  downstreamProtocolError: 19,
  upstreamMaxStreamDurationReached: 20,
  responseFromCache: 21,
  noFilterConfigFound: 22,
  durationTimeout: 23,
  upstreamProtocolError: 24,
  noClusterFound: 25,
  overloadManager: 26,
  dnsResolutionFailed: 27,
  dropOverload: 28,
  downstreamRemoteReset: 29,
  unconditionalDropOverload: 30,
} as const;

export type ResponseFlag = (typeof flags)[keyof typeof flags];

/** Flags in the order in which they were raised; 0: none. */
export type FlagSet = number;

const shortNames: readonly string[] = [
  '',
  'LH',
  'UH',
  'UT',
  'LR',
  'UR',
  'UF',
  'UC',
  'UO',
  'NR',
  'DI',
  'FI',
  'RL',
  'UAEX',
  'RLSE',
  'DC',
  'URX',
  'SI',
  'IH',
  'DPE',
  'UMSDR',
  'RFCF',
  'NFCF',
  'DT',
  'UPE',
  'NC',
  'OM',
  'DF',
  'DO',
  'DR',
  'UDO',
];

const longNames: readonly string[] = [
  '',
  'FailedLocalHealthCheck',
  'NoHealthyUpstream',
  'UpstreamRequestTimeout',
  'LocalReset',
  'UpstreamRemoteReset',
  'UpstreamConnectionFailure',
  'UpstreamConnectionTermination',
  'UpstreamOverflow',
  'NoRouteFound',
  'DelayInjected',
  'FaultInjected',
  'RateLimited',
  'UnauthorizedExternalService',
  'RateLimitServiceError',
  'DownstreamConnectionTermination',
  'UpstreamRetryLimitExceeded',
  'StreamIdleTimeout',
  'InvalidEnvoyRequestHeaders',
  'DownstreamProtocolError',
  'UpstreamMaxStreamDurationReached',
  'ResponseFromCacheFilter',
  'NoFilterConfigFound',
  'DurationTimeout',
  'UpstreamProtocolError',
  'NoClusterFound',
  'OverloadManagerTerminated',
  'DnsResolutionFailed',
  'DropOverload',
  'DownstreamRemoteReset',
  'UnconditionalDropOverload',
];

/** Six flags fit; a request never has more than three. */
const most = 2 ** 30;

export function addFlag(set: FlagSet, raised: ResponseFlag): FlagSet {
  let place = 1;
  for (let rest = set; rest > 0; rest = Math.floor(rest / 32)) {
    if (rest % 32 === raised) return set;
    place *= 32;
  }
  return place >= most ? set : set + raised * place;
}

export function hasFlag(set: FlagSet, wanted: ResponseFlag): boolean {
  for (let rest = set; rest > 0; rest = Math.floor(rest / 32)) if (rest % 32 === wanted) return true;
  return false;
}

const shortTexts = new Map<FlagSet, string>([[0, '-']]);
const longTexts = new Map<FlagSet, string>([[0, '-']]);

function render(set: FlagSet, names: readonly string[]): string {
  let text = '';
  for (let rest = set; rest > 0; rest = Math.floor(rest / 32)) text += (text === '' ? '' : ',') + names[rest % 32];
  return text;
}

/** `-` for none, else as `URX,UF` (TEL-R10). */
export function flagsText(set: FlagSet): string {
  let text = shortTexts.get(set);
  if (text === undefined) {
    text = render(set, shortNames);
    shortTexts.set(set, text);
  }
  return text;
}

/** `-` for none, else as `UpstreamRetryLimitExceeded,UpstreamConnectionFailure`. */
export function longFlagsText(set: FlagSet): string {
  let text = longTexts.get(set);
  if (text === undefined) {
    text = render(set, longNames);
    longTexts.set(set, text);
  }
  return text;
}

const byShortName: ReadonlyMap<string, ResponseFlag> = new Map(shortNames.map((name, flag) => [name, flag as ResponseFlag]));

/** The flag of a short name such as `UF`; undefined for `-` and for names that are none. */
export function flagOf(name: string): ResponseFlag | undefined {
  return name === '' ? undefined : byShortName.get(name);
}
