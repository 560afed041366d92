import type { AccessLogging, Metrics, MetricsOverrides, ProviderRef, Telemetry, Tracing, Tracing_CustomTag } from '../../manifest/istio/telemetry.gen.ts';
import { formatPath, type Path } from '../../manifest/problem.ts';
import { celProblems } from './cel-syntax.ts';
import { itemsOf } from './primitives.ts';
import { checkTargets } from './target-reference.ts';
import type { ProblemSink, Validator } from './validator.ts';

export const validateTelemetry: Validator<Telemetry> = (spec, sink) => {
  checkTargets(sink, spec);
  itemsOf(spec.metrics).forEach((metrics, i) => {
    checkMetrics(sink, ['metrics', i], metrics);
  });
  const tracing = itemsOf(spec.tracing);
  if (tracing.length > 1) {
    sink.warning(['tracing', 1], 'more than one entry of tracing is not supported: the first counts, and the others are ignored', {
      help: 'merge the entries into one',
    });
  }
  tracing.forEach((entry, i) => {
    checkTracing(sink, ['tracing', i], entry);
  });
  itemsOf(spec.accessLogging).forEach((logging, i) => {
    checkAccessLogging(sink, ['accessLogging', i], logging);
  });
};

function checkProviders(sink: ProblemSink, path: Path, providers: readonly (ProviderRef | null)[] | undefined): void {
  itemsOf(providers).forEach(({ name = '' }, i) => {
    if (name === '') sink.error([...path, 'providers', i], `${formatPath(path)} has a provider without a name (providers.name)`, { same: 'providers.name' });
  });
}

function checkTracing(sink: ProblemSink, path: Path, tracing: Tracing): void {
  if ((tracing.providers?.length ?? 0) > 1) {
    sink.warning([...path, 'providers', 1], 'more than one tracing provider is not supported: the first counts', { same: 'more than one tracing provider' });
  }
  checkProviders(sink, path, tracing.providers);
  const sampling = tracing.randomSamplingPercentage ?? 0;
  if (sampling < 0 || sampling > 100) {
    sink.error([...path, 'randomSamplingPercentage'], `a randomSamplingPercentage of ${sampling} is outside of the range from 0.0 to 100.0`, {
      same: 'randomSamplingPercentage',
    });
  }
  for (const [name, tag] of Object.entries(tracing.customTags ?? {})) checkCustomTag(sink, [...path, 'customTags', name], name, tag ?? {});
}

function checkCustomTag(sink: ProblemSink, path: Path, name: string, tag: Tracing_CustomTag): void {
  if (name === '') sink.error(path, 'a custom tag has an empty name', { same: 'tag name' });
  // Where several are set, the last one counts.
  if (tag.header) {
    if (!tag.header.name) sink.error([...path, 'header', 'name'], `the custom tag ${name} names no header`, { same: 'header tag' });
  } else if (tag.environment) {
    if (!tag.environment.name)
      sink.error([...path, 'environment', 'name'], `the custom tag ${name} names no environment variable`, { same: 'environment tag' });
  } else if (tag.literal && !tag.literal.value) {
    sink.error([...path, 'literal', 'value'], `the custom tag ${name} has an empty literal value`, { same: 'literal tag' });
  }
}

function checkMetrics(sink: ProblemSink, path: Path, metrics: Metrics): void {
  checkProviders(sink, path, metrics.providers);
  itemsOf(metrics.overrides).forEach((override, i) => {
    checkOverride(sink, [...path, 'overrides', i], override);
  });
}

function checkOverride(sink: ProblemSink, path: Path, override: MetricsOverrides): void {
  for (const [name, tag] of Object.entries(override.tagOverrides ?? {})) {
    const at = [...path, 'tagOverrides', name];
    const { operation = 'UPSERT', value = '' } = tag ?? {};
    if (name === '') sink.warning(at, 'a tag override has an empty name (tagOverrides.name)', { same: 'tagOverrides.name' });
    if (operation === 'UPSERT' && value === '') {
      sink.error(at, `the operation of the tag ${name} is UPSERT, which needs a tagOverrides.value`, {
        same: 'UPSERT without value',
        help: 'give a CEL expression as value, or set operation: REMOVE to drop the tag',
      });
    } else if (operation === 'REMOVE' && value !== '') {
      sink.error([...at, 'value'], `the operation of the tag ${name} is REMOVE, and only UPSERT has a tagOverrides.value`, { same: 'REMOVE with value' });
    }
  }
  if (override.match?.customMetric === '') sink.error([...path, 'match', 'customMetric'], 'customMetric is empty');
}

function checkAccessLogging(sink: ProblemSink, path: Path, logging: AccessLogging): void {
  checkProviders(sink, path, logging.providers);
  if (!logging.filter) return;
  const expression = logging.filter.expression ?? '';
  const problems = celProblems(expression);
  if (problems.length === 0) return;
  const lines = expression.split('\n');
  const list = problems.map((p) => `${p.text} at <input>:${p.line}:${p.column} of ${JSON.stringify(lines[p.line - 1])}`);
  sink.error([...path, 'filter', 'expression'], `the access log filter is not a valid CEL expression: ${list.join('; ')}`);
}
