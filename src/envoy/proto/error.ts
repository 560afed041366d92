/** JSON that is no message of Envoy's API, or bytes that are none. */
export class EnvoyApiError extends Error {
  override name = 'EnvoyApiError';
  /** From the message that was given: `filter_chains[0].filters[1].typed_config.foo`; empty for the message itself. */
  path = '';
  /** What is wrong there. */
  readonly problem: string;

  constructor(problem: string) {
    super(problem);
    this.problem = problem;
  }
}

/** The error, one step further out: `step` is a field's name, `[0]` or `["key"]`. */
export function within(error: unknown, step: string): unknown {
  if (error instanceof EnvoyApiError) {
    error.path = error.path === '' || error.path.startsWith('[') ? step + error.path : `${step}.${error.path}`;
    error.message = `${error.path}: ${error.problem}`;
  }
  return error;
}

/** A value as a message shows it. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Protocol buffers are read no deeper than this: by Envoy, too. */
export const depthLimit = 100;

export function checkDepth(depth: number): void {
  if (depth > depthLimit) throw new EnvoyApiError(`is nested deeper than ${depthLimit} messages`);
}
