import type { Fix, Path } from '../problem.ts';
import type { HTTPFaultInjection_Delay, HTTPRoute, LoadBalancerSettings, LoadBalancerSettings_ConsistentHashLB, OutlierDetection } from './networking.gen.ts';

/** A deprecated field or value that is set. A fix is offered only where it changes nothing but the text. */
export interface Deprecated {
  text: string;
  help: string;
  fix: Fix | undefined;
}

/** What a proxy takes for `consecutive5xxErrors` where nothing is said. */
const defaultErrors = 5;

/** Field `consecutiveErrors`: proxies do not get it any more. */
export function deprecatedErrors(outlier: OutlierDetection, path: Path): Deprecated | undefined {
  const { consecutiveErrors, consecutive5xxErrors, consecutiveGatewayErrors } = outlier;
  if (!consecutiveErrors) return undefined;
  const at = [...path, 'consecutiveErrors'];
  const remove: Fix = { title: 'remove consecutiveErrors, which does nothing', path: at, target: 'entry' };
  const rename: Fix = { title: 'rename the field to "consecutive5xxErrors"', path: at, target: 'key', text: 'consecutive5xxErrors' };
  const said = consecutive5xxErrors !== undefined || consecutiveGatewayErrors !== undefined;
  return {
    text: 'consecutiveErrors of outlierDetection is deprecated',
    help: 'it does nothing: use consecutive5xxErrors, or consecutiveGatewayErrors for 502, 503 and 504 only',
    fix: said ? remove : consecutiveErrors === defaultErrors ? rename : undefined,
  };
}

/** Field `minimumRingSize`, which counts only where no algorithm is named. */
export function deprecatedRingSize(hash: LoadBalancerSettings_ConsistentHashLB, path: Path): Deprecated | undefined {
  if (!hash.minimumRingSize) return undefined;
  const fix: Fix = {
    title: 'write ringHash.minimumRingSize',
    path: [...path, 'minimumRingSize'],
    target: 'entry',
    nest: { key: 'ringHash', field: 'minimumRingSize' },
  };
  return {
    text: 'consistentHash.minimumRingSize is deprecated',
    help: 'use consistentHash.ringHash.minimumRingSize',
    fix: hash.ringHash || hash.maglev ? undefined : fix,
  };
}

/** Value `LEAST_CONN`, another name of `LEAST_REQUEST`. */
export function deprecatedAlgorithm(settings: LoadBalancerSettings, path: Path): Deprecated | undefined {
  if (settings.simple !== 'LEAST_CONN') return undefined;
  return {
    text: 'the load balancer LEAST_CONN is deprecated; its name is LEAST_REQUEST now',
    help: 'write LEAST_REQUEST, which does the same',
    fix: { title: 'write LEAST_REQUEST', path: [...path, 'simple'], target: 'value', text: 'LEAST_REQUEST' },
  };
}

/** Field `mirrorPercent` of a rule. */
export function deprecatedMirrorPercent({ mirrorPercent, mirrorPercentage }: HTTPRoute, path: Path): Deprecated | undefined {
  if (mirrorPercent === undefined) return undefined;
  return {
    text: '"mirrorPercent" is deprecated in favour of "mirrorPercentage"',
    help: `write mirrorPercentage: {value: ${mirrorPercent}}`,
    fix: percentFix(path, 'mirrorPercent', 'mirrorPercentage', mirrorPercent, mirrorPercentage !== undefined),
  };
}

/** Field `percent` of a delay. 0 is the same as nothing. */
export function deprecatedDelayPercent({ percent = 0, percentage }: HTTPFaultInjection_Delay, path: Path): Deprecated | undefined {
  if (percent <= 0) return undefined;
  return {
    text: 'the field HTTPRoute.fault.delay.percent is deprecated; use HTTPRoute.fault.delay.percentage',
    help: `write percentage: {value: ${percent}}`,
    fix: percentFix(path, 'percent', 'percentage', percent, percentage !== undefined),
  };
}

/** Where the new field is there, too, it counts alone. */
function percentFix(path: Path, field: string, instead: string, percent: number, said: boolean): Fix | undefined {
  const at = [...path, field];
  if (said) return { title: `remove ${field}, since ${instead} counts`, path: at, target: 'entry' };
  if (percent < 0 || percent > 100) return undefined;
  return { title: `write ${instead}.value`, path: at, target: 'entry', nest: { key: instead, field: 'value' } };
}
