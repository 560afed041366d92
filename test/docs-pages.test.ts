import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyzers } from '../analyzers/index.ts';
import { loadConfig } from '../src/cli/analyze/config.ts';
import { loadPlugins } from '../src/cli/analyze/plugins.ts';
import { createProgram } from '../src/cli/main.ts';
import type { InjectionConfig } from '../src/inject/config.ts';
import { injectPod } from '../src/inject/inject.ts';
import { parseInjectionConfig } from '../src/inject/read-config.ts';
import { sourceText } from '../src/manifest/files.ts';
import { parseYaml } from '../src/manifest/yaml.ts';
import { pipelineOf } from '../src/pipeline/testing.ts';
import { flagOf } from '../src/proxy/core/response-flags.ts';

/** The first block of a language in a page. */
function block(page: string, language: string): string {
  const text = readFileSync(join(import.meta.dirname, '../docs', page), 'utf8');
  return new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(text)?.[1] ?? '';
}

async function inFolder(name: string, text: string, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-docs-'));
  try {
    writeFileSync(join(folder, name), text);
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it('the configuration in docs/configuration.md is one', () =>
  inFolder('weft.config.yaml', block('configuration.md', 'yaml'), async (folder) => {
    const { config } = await loadConfig(join(folder, 'weft.config.yaml'));
    expect(config.preset).toBe('recommended');
    expect(config.rules?.IST0118).toBe('off');
  }));

it('the plug-in in docs/plugins.md is one', () =>
  inFolder('owner-label.mjs', block('plugins.md', 'js'), async (folder) => {
    const [analyzer] = await loadPlugins(['./owner-label.mjs'], folder);
    expect(analyzer?.name).toBe('acme.OwnerLabelAnalyzer');
  }));

it.each(['envoy.md', 'control-plane.md', 'controller.md', 'cluster.md', 'install.md', 'injection.md', 'bug-report.md', 'wait.md', 'tls.md'])(
  'docs/%s names flags that there are',
  (name) => {
    const page = readFileSync(join(import.meta.dirname, '../docs', name), 'utf8');
    const ofOthers = new Set(['--no-deps', '--mode']);
    const commands = [
      'analyze',
      'proxy',
      'translate',
      'xds',
      'controller',
      'proxy-status',
      'install',
      'upgrade',
      'uninstall',
      'tag',
      'kube-inject',
      'bug-report',
      'experimental',
      'version',
    ]
      .map((own) => createProgram(own))
      .flatMap((program) => [program, ...program.commands, ...program.commands.flatMap((command) => command.commands)]);
    const known = new Set(commands.flatMap((command) => command.options.map((option) => option.long)));
    const named = new Set([...page.matchAll(/(?<![\w-])--[a-z][\w-]+/g)].map(([flag]) => flag));
    expect([...named].filter((flag) => !known.has(flag) && !ofOthers.has(flag))).toEqual([]);
    expect([...named].length).toBeGreaterThan(4);
  },
);

describe('examples of docs/injection.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/injection.md'), 'utf8');
  const [own, gateway, values] = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = '']) => parseYaml(text).value as Record<string, never>);
  const config = (changes: object): InjectionConfig => ({ ...parseInjectionConfig('{image: i, xdsAddress: x}'), ...changes });
  const context = { namespace: 'shop', owner: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } };

  it('a container of the user', () => {
    expect(injectPod(own ?? {}, context, config({}))).toMatchObject({
      injected: true,
      pod: { spec: { containers: [{ image: 'i', resources: { requests: { cpu: '500m' } } }] } },
    });
  });

  it('a gateway', () => {
    const result = injectPod(gateway ?? {}, context, config({}));
    expect(result.injected && result.pod.spec.containers[0]?.args).toContain('--gateway');
  });

  it('a template', () => {
    const { injector } = values as unknown as { injector: object };
    const result = injectPod({ spec: { containers: [{ name: 'app' }] } }, context, config(injector));
    expect(result).toMatchObject({ pod: { metadata: { annotations: { owner: 'nobody' } }, spec: { dnsConfig: { searches: ['shop.global'] } } } });
    expect(JSON.stringify(result)).toContain('Deployment/web');
  });
});

it.each(['proxy.md', 'tls.md'])('the Sidecar in docs/%s is one', async (name) => {
  const yaml = block(name, 'yaml');
  const { findings, problems } = await pipelineOf([sourceText('a.yaml', yaml)], {
    defaultNamespace: '',
    assume: 'auto',
    analyzers: analyzers.filter((a) => a.preset !== 'strict'),
  });
  expect([...problems, ...findings.map(({ code }) => code)]).toEqual([]);
  expect(yaml).toContain('kind: Sidecar');
});

describe('docs/proxy.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/proxy.md'), 'utf8');
  const ofOthers = new Set(['--gid-owner', '--dport', '--to-ports', '--regid', '--clear-groups']);

  it('names flags that there are', () => {
    const run = createProgram('proxy').commands[0]?.commands.find((command) => command.name() === 'run');
    const known = new Set(run?.options.map((option) => option.long));
    const named = new Set([...page.matchAll(/(?<![\w-])--[a-z][\w-]+/g)].map(([flag]) => flag));
    expect([...named].filter((flag) => !known.has(flag) && !ofOthers.has(flag))).toEqual([]);
    expect([...named].length).toBeGreaterThan(10);
  });

  it('names response flags that there are', () => {
    const rows = page.split('\n').filter((line) => /^\| `(?:-|[A-Z]+)`/.test(line));
    const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([A-Z]+)`/g)].map(([, flag]) => flag as string));
    expect(named.filter((flag) => flagOf(flag) === undefined)).toEqual([]);
    expect(named.length).toBeGreaterThan(10);
  });

  it('names pages of the administration that there are', () => {
    const home = readFileSync(join(import.meta.dirname, '../src/proxy/admin/admin.ts'), 'utf8');
    const rows =
      (page.split('## Administration')[1] ?? '')
        .split('##')[0]
        ?.split('\n')
        .filter((line) => line.startsWith('| `')) ?? [];
    const named = rows.flatMap((row) => [...(row.split('| ')[1] ?? '').matchAll(/(?<=[` ])\/[\w/]+/g)].map(([path]) => path));
    expect(named.filter((path) => !home.includes(`'${path}'`))).toEqual([]);
    expect(named.length).toBeGreaterThan(10);
  });
});
