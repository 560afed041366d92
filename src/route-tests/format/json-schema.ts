import type { JsonSchema } from './shape.ts';
import { definitions, testFile } from './test-format.ts';

/** The JSON Schema of test files, for editors: what the reader takes, by the same definitions. */
export function testFileSchema(): JsonSchema {
  return { $schema: 'http://json-schema.org/draft-07/schema#', title: 'Route tests of weft', ...testFile.schema, definitions };
}
