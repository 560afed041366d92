import { configurationOf } from '../../envoy/configuration.ts';
import { redacted } from '../../envoy/redact.ts';
import { staticResources } from '../../envoy/static.ts';
import { brokenExit, exitCode, usageError } from '../exit.ts';
import { printBroken } from '../proxy/broken.ts';
import { type ManifestFlags, parseChoice } from '../proxy/flags.ts';
import { ManifestReader } from '../proxy/manifests.ts';
import { originText, statusLines } from '../proxy/statuses.ts';
import { write } from '../terminal.ts';
import { formats, resourceTypes } from './formats.ts';
import { type MeshTlsFlags, meshTlsOf } from './mesh-tls.ts';
import { formatted, tablePart } from './output.ts';

export interface TranslateFlags extends ManifestFlags, MeshTlsFlags {
  to: string;
  type: string;
  output: string;
  static?: boolean;
}

/**
 * Prints a stage of what a proxy gets of the manifests; what is missing in them is on standard error.
 *
 * @returns 0; 79 when the manifests are broken, 65 when they cannot be parsed
 * @throws CliError for flags that make no sense and input that is not there
 */
export async function runTranslate(flags: TranslateFlags): Promise<number> {
  const to = parseChoice('to', flags.to, ['ir', 'envoy']);
  const type = parseChoice('type', flags.type, resourceTypes);
  const format = parseChoice('output', flags.output, formats);
  if (flags.static && to === 'ir') throw usageError('--static goes with --to envoy: the routing table has one form only');
  if (flags.static && (type === 'routes' || type === 'endpoints'))
    throw usageError(
      `--static puts ${type} into ${type === 'routes' ? 'listeners' : 'clusters'}`,
      `Print those with --type ${type === 'routes' ? 'listeners' : 'clusters'}.`,
    );
  const { options } = meshTlsOf(flags);
  const reader = new ManifestReader(flags, { name: 'weft translate', stdin: true });
  const { table, broken, mesh } = await reader.read();
  if (!table) {
    await printBroken(broken, 'nothing is translated until that is repaired');
    return brokenExit(broken);
  }
  const warnings = statusLines(table.statuses, mesh);
  let shown: object;
  if (to === 'ir') shown = tablePart(table, type);
  else {
    const { resources, problems } = configurationOf(table, options);
    for (const { origin, message } of problems) warnings.push(`${originText(origin, mesh)}: ${message}`);
    const all = flags.static ? staticResources(resources) : resources;
    shown = type === 'all' ? all : { [type]: all[type as keyof typeof all] };
  }
  for (const line of warnings) write('stderr', `warning: ${line}\n`);
  write('stdout', formatted(redacted(shown) as object, format));
  return exitCode.ok;
}
