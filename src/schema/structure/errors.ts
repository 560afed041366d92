// How the compiled schemas collect errors: in a list that there is only once there are errors.
import type { SchemaError } from './shape.ts';

export function fail(errors: SchemaError[] | null, instancePath: string, keyword: string, params: SchemaError['params']): SchemaError[] {
  const error = { instancePath, keyword, params };
  if (!errors) return [error];
  errors.push(error);
  return errors;
}

export function failType(errors: SchemaError[] | null, instancePath: string, type: string | string[]): SchemaError[] {
  return fail(errors, instancePath, 'type', { type });
}

export function failMissing(errors: SchemaError[] | null, instancePath: string, missingProperty: string): SchemaError[] {
  return fail(errors, instancePath, 'required', { missingProperty });
}
