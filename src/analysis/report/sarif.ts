import type { Level } from '../message.ts';
import { sha256 } from './hash.ts';
import { type Place, pathOf, type Report, type ReportItem } from './report.ts';

const levelOf: Readonly<Record<Level, string>> = { Error: 'error', Warning: 'warning', Info: 'note' };

/** SARIF 2.1.0, one run. Fingerprints do not change when lines move. */
export function formatSarif(report: Report): string {
  const codes = [...new Set(report.items.map((i) => i.code))].sort();
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'weft',
            version: report.version,
            semanticVersion: report.version,
            rules: codes.map((code) => ruleOf(report.items.find((i) => i.code === code) as ReportItem)),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: report.items.map((item) => resultOf(item, codes.indexOf(item.code))),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function ruleOf(item: ReportItem): Record<string, unknown> {
  return {
    id: item.code,
    shortDescription: { text: item.summary },
    ...(item.documentation ? { helpUri: item.documentation } : {}),
    help: { text: `weft explain ${item.code}` },
    defaultConfiguration: { level: levelOf[item.level] },
  };
}

function resultOf(item: ReportItem, ruleIndex: number): Record<string, unknown> {
  const text = [item.text, item.effect && `Effect: ${sentence(item.effect)}`, item.help && `Help: ${sentence(item.help)}`].filter(Boolean).join('\n');
  const location = locationOf(item.file, item.place, item.origin, item.field);
  return {
    ruleId: item.code,
    ruleIndex,
    level: levelOf[item.level],
    message: { text },
    locations: location ? [location] : [],
    ...(item.related.length > 0
      ? {
          relatedLocations: item.related.flatMap((r) => {
            const at = locationOf(r.place?.file, r.place, r.origin, undefined);
            return at ? [{ ...at, message: { text: r.text } }] : [];
          }),
        }
      : {}),
    partialFingerprints: { 'weft/v1': fingerprintOf(item) },
  };
}

function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

function locationOf(file: string | undefined, place: Place | undefined, origin: string, field: string | undefined): Record<string, unknown> | undefined {
  if (file === undefined && origin === '') return undefined;
  const region = place && { startLine: place.line, startColumn: place.column, endLine: place.endLine, endColumn: place.endColumn };
  return {
    ...(file === undefined ? {} : { physicalLocation: { artifactLocation: { uri: uriOf(file) }, ...(region ? { region } : {}) } }),
    ...(origin === '' ? {} : { logicalLocations: [{ fullyQualifiedName: field ? `${origin} ${field}` : origin, kind: 'resource' }] }),
  };
}

/** A reference with forward slashes, other characters escaped: relative, or with the scheme `file` for an absolute path. */
function uriOf(file: string): string {
  const escaped = pathOf(file).split('/').map(encodeURIComponent).join('/');
  if (escaped.startsWith('/')) return `file://${escaped}`;
  return /^[A-Za-z]%3A\//.test(escaped) ? `file:///${escaped.replace('%3A', ':')}` : escaped;
}

/** The same finding keeps it while lines are added and removed around it. */
export function fingerprintOf(item: ReportItem): string {
  return sha256([item.code, item.origin === '' ? (item.file ?? '') : item.origin, item.field ?? '', item.text].join('\u0000')).slice(0, 32);
}
