import type { ProblemSink, Target } from './validator.ts';

const dryRun = 'istio.io/dry-run';
/** What strconv.ParseBool of Go takes. */
const booleans: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True', '0', 'f', 'F', 'FALSE', 'false', 'False']);

/** Annotations that are Istio's own: the control plane refuses resources of users that have them. */
const internal: readonly string[] = ['internal.istio.io/webhook-always-reject', 'internal.istio.io/parent-namespace', 'internal.istio.io/parents'];

/**
 * Rules about annotations (spec/analyze/validation.md, "Metadata").
 *
 * @param sink takes paths from the root of the document
 * @param spec of an AuthorizationPolicy, the one kind that can be tried out (dry run)
 */
export function checkMetadata(sink: ProblemSink, target: Target, spec: { action?: string } = {}): void {
  const value = target.annotations[dryRun];
  if (value !== undefined) checkDryRun(sink, target, value, spec.action ?? 'ALLOW');
  for (const key of internal) {
    if (!Object.hasOwn(target.annotations, key)) continue;
    sink.error(['metadata', 'annotations', key], `annotation "${key}" is for Istio itself and is refused on resources of users`, {
      help: 'remove the annotation',
    });
  }
}

function checkDryRun(sink: ProblemSink, { kindName, namespace, name }: Target, value: string, action: string): void {
  const path = ['metadata', 'annotations', dryRun];
  const resource = `${namespace}/${name}`;
  if (kindName !== 'AuthorizationPolicy') {
    sink.error(path, `${resource} has the annotation ${dryRun}, which only an AuthorizationPolicy can have`, { help: 'remove the annotation' });
  } else if (action !== 'ALLOW' && action !== 'DENY') {
    sink.error(path, `${resource} has the annotation ${dryRun} and the action ${action}; only ALLOW and DENY can be dry runs`);
  } else if (!booleans.has(value)) {
    sink.error(path, `${resource} has the annotation ${dryRun} with the value (${value}), which is neither "true" nor "false"`);
  }
}
