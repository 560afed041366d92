// spec/analyze/validation.md, "EnvoyFilter".
import type { EnvoyFilter, EnvoyFilter_EnvoyConfigObjectPatch } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkMatch } from './envoy-filter-match.ts';
import { checkPatchValue } from './envoy-filter-value.ts';
import { checkSelector, itemsOf } from './primitives.ts';
import { regexProblem } from './regex.ts';
import type { ProblemSink } from './validator.ts';

export function validateEnvoyFilter(spec: EnvoyFilter, sink: ProblemSink): void {
  const { workloadSelector, configPatches = [] } = spec;
  checkSelector(sink, ['workloadSelector'], workloadSelector && { labels: workloadSelector.labels, field: 'labels' });
  if (sink.problems.some((problem) => problem.level === 'Error')) return;
  sink.warning([], 'an EnvoyFilter changes what Istio generates for Envoy, which is different from version to version, so an upgrade can break it', {
    help: 'where VirtualService, DestinationRule, Telemetry, WasmPlugin or ProxyConfig can say the same, use them; else test it with every upgrade',
    same: 'exposes internal implementation details',
  });
  itemsOf<EnvoyFilter_EnvoyConfigObjectPatch>(configPatches).forEach((patch, i) => {
    checkPatch(sink, ['configPatches', i], patch);
  });
}

function checkPatch(sink: ProblemSink, path: Path, configPatch: EnvoyFilter_EnvoyConfigObjectPatch): void {
  const { applyTo = 'INVALID', match, patch } = configPatch;
  if (applyTo === 'INVALID') {
    sink.error(path, 'a config patch has no applyTo, which tells what it changes', { same: 'missing applyTo', help: 'for example applyTo: HTTP_FILTER' });
    return;
  }
  if (!patch) {
    sink.error(path, `a config patch for ${applyTo} has no patch, which tells how to change it`, {
      same: 'missing patch',
      help: 'operation and value belong under patch',
    });
    return;
  }
  const { operation = 'INVALID', value } = patch;
  if (operation === 'INVALID') {
    sink.error([...path, 'patch'], `a patch for ${applyTo} has no operation`, {
      same: 'missing patch operation',
      help: 'MERGE changes what is there, ADD and the INSERT operations add to it, REMOVE takes it out, REPLACE takes another one for it',
    });
    return;
  }
  if (operation !== 'REMOVE' && value === undefined) {
    sink.error([...path, 'patch'], `a patch for ${applyTo} has no value, and ${operation} needs one`, { same: 'missing patch value' });
    return;
  }
  const version = match?.proxy?.proxyVersion ?? '';
  const problem = version === '' ? undefined : regexProblem(version);
  if (problem !== undefined) {
    const text = `proxyVersion "${version}" is not a valid regular expression (error parsing regexp: ${problem})`;
    sink.error([...path, 'match', 'proxy', 'proxyVersion'], text);
    return;
  }
  if (match && !checkMatch(sink, [...path, 'match'], applyTo, match)) return;
  if (value) checkPatchValue(sink, [...path, 'patch', 'value'], applyTo, value);
}
