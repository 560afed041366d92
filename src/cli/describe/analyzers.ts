import breaker from '../../../analyzers/breaker.ts';
import mirror from '../../../analyzers/mirror.ts';
import outlierEjection from '../../../analyzers/outlier-ejection.ts';
import retryBudget from '../../../analyzers/retry-budget.ts';
import routeWeights from '../../../analyzers/route-weights.ts';
import schemaValidation from '../../../analyzers/schema-validation.ts';
import type { AnyAnalyzer } from '../../analysis/engine.ts';

/** Those that look at single objects, and at what these are for: what they find does not depend on the rest of the mesh. */
export const findingAnalyzers: readonly AnyAnalyzer[] = [...schemaValidation, breaker, mirror, outlierEjection, retryBudget, routeWeights];
