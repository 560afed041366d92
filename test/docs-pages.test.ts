import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../src/cli/analyze/config.ts';
import { loadPlugins } from '../src/cli/analyze/plugins.ts';

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
