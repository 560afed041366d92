import type { Resource } from '../manifest/resource.ts';
import { ProblemSink, type SchemaProblem, type Validator } from './semantic/validator.ts';

// biome-ignore lint/suspicious/noExplicitAny: each loader yields the validator of its own kind's spec
const loaders: Readonly<Record<string, () => Promise<Validator<any>>>> = {};

/** Checks the spec of one decoded resource against the rules of its kind (spec/analyze/validation.md). */
export type Validate = (resource: Resource) => SchemaProblem[];

/**
 * Loads the semantic validators of the kinds given; other kinds have no rules.
 *
 * @param metadata rules about labels and annotations apply, too
 */
export async function loadValidators(kinds: Iterable<string>, metadata: boolean): Promise<Validate> {
  const validators = new Map<string, Validator<unknown>>();
  await Promise.all(
    [...new Set(kinds)].map(async (kind) => {
      const loader = loaders[kind];
      if (loader) validators.set(kind, await loader());
    }),
  );
  return (resource) => {
    const validator = validators.get(resource.kindName);
    if (!validator) return [];
    const sink = new ProblemSink();
    const { kindName, name, namespace, labels, annotations } = resource;
    validator(resource.spec, sink, { kindName, name, namespace, labels, annotations, metadata });
    return sink.problems;
  };
}
