import { deprecatedErrors } from '../../manifest/istio/deprecated.ts';
import type { OutlierDetection } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkDuration } from './primitives.ts';
import type { ProblemSink } from './validator.ts';

/** `outlierDetection` of a traffic policy. */
export function checkOutlierDetection(sink: ProblemSink, path: Path, outlier: OutlierDetection | undefined): void {
  if (!outlier) return;
  checkDuration(sink, [...path, 'baseEjectionTime'], outlier.baseEjectionTime);
  checkDuration(sink, [...path, 'interval'], outlier.interval);
  const deprecated = deprecatedErrors(outlier, ['spec', ...path]);
  if (deprecated) sink.warning([...path, 'consecutiveErrors'], deprecated.text, deprecated);
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
