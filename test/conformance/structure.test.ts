// The schemas against documents of Istio: its CRD tests, each with what a Kubernetes API server says of it, and its samples.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFiles } from '../../src/manifest/files.ts';
import { loadSource } from '../../src/manifest/load.ts';
import { formatPath } from '../../src/manifest/problem.ts';
import type { Resource } from '../../src/manifest/resource.ts';
import { loadStructure } from '../../src/schema/structure.ts';
import { defaultCorpus } from './cases.ts';

const there = existsSync(defaultCorpus);
if (!there) console.warn(`SKIPPED: no recorded cases in ${defaultCorpus}; the schemas were not compared with a cluster.`);
const cases = (pattern: RegExp): string[] => (there ? readdirSync(defaultCorpus).filter((name) => pattern.test(name)) : []);

function resourcesOf(name: string): Resource[] {
  const folder = join(defaultCorpus, name);
  const { inputs, stdin } = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8'));
  const start = process.cwd();
  process.chdir(folder);
  try {
    const { sources } = readFiles(inputs, () => readFileSync(stdin, 'utf8'));
    return sources.flatMap((source) => loadSource(source, { defaultNamespace: 'default' }).resources);
  } finally {
    process.chdir(start);
  }
}

async function problemsOf(resources: readonly Resource[]): Promise<string[][]> {
  const check = await loadStructure(resources.map((r) => r.kindName));
  return resources.map((resource) => check(resource).map(({ code, path }) => `${resource.friendlyName} ${code} ${formatPath(path ?? [])}`));
}

/** What is reported of valid documents, and why that is right. */
const explained: Readonly<Record<string, readonly string[]>> = {
  // The CRD has no such field: a cluster drops it.
  'config-rule-websocket-route': [
    'VirtualService testns/websocket-route WFT0004 spec.http[0].websocketUpgrade',
    'VirtualService testns/websocket-route2 WFT0004 spec.http[0].websocketUpgrade',
  ],
};

describe.skipIf(!there)('recorded cases', () => {
  it.each(cases(/^(?:sample|config)-/))('%s has nothing wrong', async (name) => {
    expect((await problemsOf(resourcesOf(name))).flat()).toEqual(explained[name] ?? []);
  });

  it.each(cases(/^crd-/))('%s is refused where an API server refuses it', async (name) => {
    const resources = resourcesOf(name);
    const refused = resources.map(({ raw }) => {
      const { _err } = raw;
      delete raw._err;
      return _err !== undefined;
    });
    const problems = await problemsOf(resources);
    const verdict = (refuses: boolean, i: number): string => `${resources[i]?.friendlyName} is ${refuses ? 'refused' : 'accepted'}`;
    expect(problems.map((found) => found.length > 0).map(verdict)).toEqual(refused.map(verdict));
  });
});
