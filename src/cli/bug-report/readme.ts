// What is in the archive, for people (README.txt) and for programs (index.json).
import { rules } from '../../redact/tally.ts';
import { version } from '../version.ts';
import type { Contents, LeftOut } from './contents.ts';

export interface ReadmeFacts {
  /** When the report was begun. */
  time: Date;
  /** Where it is from: `cluster east`, `files mesh/`. */
  sources: readonly string[];
  /** Which logs and pods were asked for, in words. */
  wanted: readonly string[];
  /** Values of Secrets that were searched for everywhere. */
  knownValues: number;
  /** Of these, the ones that were not, because they are short words or names. */
  passedOver: number;
  /** Why no values of Secrets are known. */
  noSecrets: string | undefined;
}

const folders: readonly (readonly [string, string])[] = [
  ['versions.json', 'versions of weft, the cluster, its nodes, control planes, proxies and kinds'],
  ['resources', 'objects of the cluster, a file for each kind in each namespace; _cluster has those without a namespace'],
  ['files', 'the manifests that were given'],
  ['analysis', 'what weft analyze finds, for people and as JSON'],
  ['install', 'what weft verify-install says'],
  ['routing', 'routing tables: what weft makes of it all for a workload or a gateway'],
  ['control-planes', 'metrics, debug pages and logs of control planes'],
  ['proxies', 'configuration, statistics and logs of proxies, by namespace and pod'],
  ['local-proxy', 'configuration and statistics of the proxy on the machine of who made this'],
  ['index.json', 'all files, with where they are from and what was taken out of each'],
];

export function readme(contents: Contents, facts: ReadmeFacts): string {
  const { files, leftOut, redacted } = contents;
  const there = folders.filter(([name]) => name === 'index.json' || files.some(({ path }) => path === name || path.startsWith(`${name}/`)));
  const width = Math.max(...there.map(([name]) => name.length));
  const counts = redacted.entries().map(([rule, count]) => `${String(count).padStart(7)}  ${rules[rule]}`);
  return [
    'A report of weft about a service mesh',
    '',
    `Made ${facts.time.toISOString()} by weft ${version}, of ${facts.sources.join(' and ')}.`,
    ...facts.wanted,
    '',
    'What is inside',
    '',
    ...there.map(([name, what]) => `  ${name.padEnd(width)}  ${what}`),
    '',
    'What was taken out',
    '',
    ...(counts.length > 0 ? ['In its place is <redacted ...>, with what it was. index.json tells in which files.', '', ...counts] : ['Nothing.']),
    '',
    ...knownText(facts),
    '',
    'What is not inside',
    '',
    ...leftOutLines(leftOut),
    '',
    'Before you send it',
    '',
    'No rule knows every secret. Search the files for values that you know, and for <redacted to see where some were. What is not secret is there as',
    'it is: names of namespaces, services, hosts and users of yours, addresses, and in logs the paths of requests.',
    '',
  ].join('\n');
}

function knownText({ knownValues, passedOver, noSecrets }: ReadmeFacts): string[] {
  if (noSecrets !== undefined)
    return [
      'Secrets could not be read, so their values are not known: elsewhere they were found only where their form or their name says what they are.',
      `(${noSecrets})`,
    ];
  if (knownValues === 0) return ['There were no Secrets whose values could be searched for.'];
  const over = passedOver > 0 ? [`${passedOver} more are short words, numbers or names that everybody can see, and were not searched for.`] : [];
  return [`${knownValues} values of Secrets were searched for in every file, as they are and encoded.`, ...over];
}

function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  if (leftOut.length === 0) return ['Nothing that was asked for is missing.'];
  // The same reason once.
  const byReason = Map.groupBy(leftOut, ({ why }) => why);
  return [...byReason].flatMap(([why, items]) => [...items.map(({ what }) => `- ${what}`), `    ${why}`]);
}

export function index(contents: Contents, facts: ReadmeFacts): Record<string, unknown> {
  const { files, leftOut, redacted } = contents;
  return {
    weft: version,
    time: facts.time.toISOString(),
    sources: facts.sources,
    files: files.map(({ path, bytes, source, redacted: own }) => ({
      path,
      bytes,
      source,
      ...(own.total > 0 ? { redacted: Object.fromEntries(own.entries()) } : {}),
    })),
    leftOut,
    redacted: Object.fromEntries(redacted.entries()),
    knownValues: facts.knownValues,
    ...(facts.noSecrets === undefined ? {} : { secretsNotRead: facts.noSecrets }),
  };
}
