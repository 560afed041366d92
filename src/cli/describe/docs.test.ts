// The transcript of docs/describe.md is what the command says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { plainStyle } from '../../analysis/report/style.ts';
import { findWorkload } from '../../describe/find.ts';
import { originsIn, withFindings } from '../../describe/findings.ts';
import { describePod } from '../../describe/pod.ts';
import { readFiles } from '../../manifest/files.ts';
import { pipelineOf } from '../../pipeline/testing.ts';
import { Places } from '../route/places.ts';
import { findingAnalyzers } from './analyzers.ts';
import { podText } from './text.ts';

const root = join(import.meta.dirname, '../../..');

it('docs/describe.md', async () => {
  const { sources } = readFiles([join(root, 'fixtures/payment-broken')], () => '');
  const { mesh, findings } = await pipelineOf(
    sources.map((source) => ({ ...source, name: source.name.slice(root.length + 1) })),
    { defaultNamespace: 'payment', analyzers: findingAnalyzers },
  );
  const workload = findWorkload(mesh, 'payment', 'payment-service-v2', 'Deployment');
  if (!workload) throw new Error('the fixture has no such workload');
  const described = describePod(mesh, workload);
  const text = podText(
    { ...described, problems: withFindings(described.problems, findings, originsIn(described)) },
    { style: plainStyle, places: new Places(mesh), namespace: 'payment', ignoreUnmeshed: false },
  );
  const page = readFileSync(join(root, 'docs/describe.md'), 'utf8');
  expect(/^\$ weft x describe deploy\/payment-service-v2 .*\n([\s\S]*?)^```/m.exec(page)?.[1]).toBe(text);
});
