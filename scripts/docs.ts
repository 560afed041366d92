// Writes the pages that say what the code says: docs/deviations.md, docs/messages.md, docs/cli.md, docs/values.md.
//
//   node scripts/docs.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedDocs } from './generated-docs.ts';

for (const [path, text] of Object.entries(generatedDocs())) writeFileSync(join(import.meta.dirname, '..', path), text);
