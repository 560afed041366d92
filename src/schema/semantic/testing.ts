import { formatPath } from '../../manifest/problem.ts';
import { parseYaml } from '../../manifest/yaml.ts';
import { decodeMessage } from '../decode.ts';
import { specMessage } from '../messages.ts';
import { ProblemSink, type SchemaProblem, type Target, type Validator } from './validator.ts';

/** What a validator says of a spec written in YAML. Throws where the YAML does not fit the types of the kind. */
export function problemsOf<Spec>(validate: Validator<Spec>, kindName: string, yaml: string, target: Partial<Target> = {}): SchemaProblem[] {
  const spec = parseYaml(yaml, true).value ?? {};
  const { errors } = decodeMessage(specMessage[kindName] as string, spec, ['spec']);
  if (errors.length > 0) throw new Error(`the test's YAML is not as it should be: ${errors.map((e) => `${formatPath(e.path)} ${e.text}`).join('; ')}`);
  const sink = new ProblemSink();
  validate(spec as Spec, sink, { kindName, name: 'cart', namespace: 'shop', labels: {}, annotations: {}, metadata: false, ...target });
  return sink.problems;
}

/** `IST0106 spec.http[0].timeout`: where a problem is, as table tests write it. */
export function placeOf({ code, path }: SchemaProblem): string {
  return `${code} ${formatPath(path ?? [])}`;
}
