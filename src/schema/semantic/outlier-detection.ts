import type { OutlierDetection } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkDuration } from './primitives.ts';
import type { ProblemSink } from './validator.ts';

/** `outlierDetection` of a traffic policy. */
export function checkOutlierDetection(sink: ProblemSink, path: Path, outlier: OutlierDetection | undefined): void {
  if (!outlier) return;
  checkDuration(sink, [...path, 'baseEjectionTime'], outlier.baseEjectionTime);
  checkDuration(sink, [...path, 'interval'], outlier.interval);
  if (outlier.consecutiveErrors) {
    sink.warning([...path, 'consecutiveErrors'], 'consecutiveErrors of outlierDetection is deprecated', {
      help: 'use consecutive5xxErrors, or consecutiveGatewayErrors for 502, 503 and 504 only',
    });
  }
  if (!outlier.splitExternalLocalOriginErrors && (outlier.consecutiveLocalOriginFailures ?? 0) > 0) {
    sink.error([...path, 'consecutiveLocalOriginFailures'], 'outlier detection has consecutiveLocalOriginFailures, but local failures are not counted apart', {
      help: 'set splitExternalLocalOriginErrors: true beside it',
    });
  }
  for (const field of ['maxEjectionPercent', 'minHealthPercent'] as const) {
    const percent = outlier[field] ?? 0;
    if (percent < 0 || percent > 100) sink.error([...path, field], `percentage ${percent} of ${field} is not from 0 to 100`, { same: `percentage ${percent}` });
  }
}
