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
    sink.warning([...path, 'consecutiveErrors'], 'consecutiveErrors is deprecated; use consecutive5xxErrors or consecutiveGatewayErrors', {
      same: 'consecutiveErrors deprecated',
    });
  }
  if (!outlier.splitExternalLocalOriginErrors && (outlier.consecutiveLocalOriginFailures ?? 0) > 0) {
    sink.error(
      [...path, 'consecutiveLocalOriginFailures'],
      'consecutiveLocalOriginFailures needs splitExternalLocalOriginErrors: true; without it local failures are not counted apart',
      { same: 'consecutiveLocalOriginFailures' },
    );
  }
  for (const field of ['maxEjectionPercent', 'minHealthPercent'] as const) {
    const percent = outlier[field] ?? 0;
    if (percent < 0 || percent > 100) sink.error([...path, field], `${field} is ${percent}; a percentage is from 0 to 100`, { same: `percentage ${percent}` });
  }
}
