import type { Style } from '../../analysis/report/style.ts';
import type { SyncState } from '../../envoy/xds/client-status.ts';
import { fullName, type NamedType, type ProxyStatus, stateNames, typeNames } from '../../envoy/xds/proxy-statuses.ts';
import { isSame, type PartComparison } from '../../proxy-config/comparison.ts';
import type { Replica } from '../control-plane/replica.ts';

/** What Envoys ask for: shown even where the proxies that are there do not. */
const usual: readonly string[] = ['CDS', 'LDS', 'EDS', 'RDS'];

/** Of these at most are listed. */
const mostNames = 20;

/** A proxy that does not ask for a type. */
const notAsked = '-';

interface Cell {
  text: string;
  paint?: (text: string) => string;
}

/** A proxy in a table; in a cluster, the replica of the control plane that it is connected to is named. */
type Row = ProxyStatus & { replica?: Pick<Replica, 'name' | 'pod'> };

/** All proxies, a row each, and what they have refused. */
export function statusTable(proxies: readonly Row[], style: Style): string {
  const columns = columnsOf(proxies);
  const isInCluster = proxies.some(({ replica }) => replica?.pod);
  const rows: Cell[][] = [
    ['NAME', 'PROXY', ...columns, ...(isInCluster ? ['CONTROLLER'] : [])].map((text) => ({ text })),
    ...proxies.map((proxy) => [
      { text: fullName(proxy) },
      { text: proxy.proxy },
      ...columns.map((column): Cell => {
        const type = proxy.types.find(({ name }) => name === column);
        return type ? stateCell(type.state, style) : { text: notAsked };
      }),
      ...(isInCluster ? [{ text: proxy.replica?.name ?? notAsked }] : []),
    ]),
  ];
  const refusals = proxies.flatMap((proxy) => proxy.types.flatMap((type) => refusalLine(proxy, type, style)));
  return `${formatRows(rows)}${refusals.length === 0 ? '' : `\n${refusals.join('')}`}`;
}

/** One proxy: each type with its version, and what it has refused. @param now milliseconds since the epoch */
export function statusDetail(proxy: Row, now: number, style: Style): string {
  const rows: Cell[][] = [
    ['TYPE', 'STATUS', 'VERSION', 'ANSWERED'].map((text) => ({ text })),
    ...proxy.types.map(({ name, state, version, answeredAt }): Cell[] => [
      { text: name },
      stateCell(state, style),
      { text: version === '' ? notAsked : version },
      { text: answeredAt === undefined ? 'never' : `${ago(now - answeredAt)} ago` },
    ]),
  ];
  const refusals = proxy.types.flatMap(({ name, refusal }) =>
    refusal ? [`\n${style.error(`✘ ${name} refused ${ago(now - refusal.time)} ago`)}, version ${refusal.version}:\n${indent(printable(refusal.text))}\n`] : [],
  );
  return `${style.strong(fullName(proxy))}  ${proxy.proxy}, ${proxy.protocol}\n${proxy.id}\n${proxy.replica?.pod ? `connected to ${proxy.replica.name}\n` : ''}\n${formatRows(rows)}${refusals.join('')}`;
}

/** What the proxy has, beside what its controller has for it. */
export function comparisonText(comparison: readonly PartComparison[], style: Style): string {
  const line = (one: PartComparison): string => {
    const part = `${one.part[0]?.toUpperCase()}${one.part.slice(1)}`;
    if (isSame(one)) return `${part} ${style.good('match')} (${one.same})\n`;
    const names = (list: readonly string[], why: string): string => (list.length === 0 ? '' : `  ${why}: ${listed(list)}\n`);
    return [
      `${part} ${style.error('do not match')} (${one.same} match)\n`,
      names(one.differ, 'another version'),
      names(one.missing, 'not in the proxy'),
      names(one.extra, 'in the proxy only'),
    ].join('');
  };
  const note = comparison.every(isSame) ? '' : 'A change that is on its way looks so, too: ask again.\n';
  return `${comparison.map(line).join('')}${note}`;
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, mostNames).map(printable).join(', ')}${names.length > mostNames ? `, and ${names.length - mostNames} more` : ''}`;
}

/** The usual columns first, then those that somebody has. */
function columnsOf(proxies: readonly ProxyStatus[]): string[] {
  const asked = new Set(proxies.flatMap(({ types }) => types.map(({ name }) => name)));
  const own = Object.values(typeNames);
  const known = own.filter((name) => asked.has(name) || (usual.includes(name) && usual.some((one) => asked.has(one))));
  return [...known, ...[...asked].filter((name) => !own.includes(name)).sort()];
}

function stateCell(state: SyncState, style: Style): Cell {
  const paint = state === 'SYNCED' ? style.good : state === 'ERROR' ? style.error : style.warning;
  return { text: stateNames[state], paint };
}

function refusalLine(proxy: ProxyStatus, { name, refusal }: NamedType, style: Style): string[] {
  return refusal ? [`${style.error('✘')} ${fullName(proxy)} refuses ${name}: ${printable(refusal.text).replaceAll('\n', ' ')}\n`] : [];
}

function formatRows(rows: readonly (readonly Cell[])[]): string {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.text.length ?? 0))) ?? [];
  const format = (row: readonly Cell[]): string =>
    row
      .map(({ text, paint = (own) => own }, i) => `${paint(text)}${i === row.length - 1 ? '' : ' '.repeat((widths[i] ?? 0) - text.length + 2)}`)
      .join('')
      .trimEnd();
  return rows.map((row) => `${format(row)}\n`).join('');
}

/** What a proxy says must not do anything to the terminal. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, ' ');
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

/** The two largest units of a time in milliseconds: `5s`, `3m 20s`, `2h 5m`. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const units: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const first = units.findIndex(([count]) => count > 0);
  if (first < 0) return '0s';
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}
