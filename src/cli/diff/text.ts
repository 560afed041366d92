// What `weft diff` prints for people.

import type { Style } from '../../analysis/report/style.ts';
import { oneLine } from '../../analysis/report/terminal-text.ts';
import type { AccessExample, Example, Scope, Subject } from '../../route-diff/change.ts';
import { hostText } from '../../route-diff/words.ts';
import type { ChangeDocument, DiffDocument, FindingDocument } from './document.ts';
import type { WrittenAt } from './places.ts';

/** So many names are listed; of more, their number is told. */
const mostNames = 4;

export function diffText({ changes, findings }: DiffDocument, style: Style): string {
  const blocks: string[] = [];
  for (const [, own] of Map.groupBy(changes, ({ subject }) => JSON.stringify(subject))) blocks.push(subjectText(own, style));
  const { new: come = [], resolved = [] } = findings ?? {};
  if (come.length + resolved.length > 0) {
    const lines = [...come.map((one) => findingText('+', one, style)), ...resolved.map((one) => findingText('-', one, style))];
    blocks.push(`${style.strong('findings')}\n${lines.join('')}`);
  }
  if (changes.length === 0) blocks.unshift('Nothing changes for traffic.\n');
  return blocks.join('\n');
}

function subjectText(changes: readonly ChangeDocument[], style: Style): string {
  const [first] = changes as [ChangeDocument];
  const scopes = new Set(changes.map(({ scope }) => scopeText(scope)));
  // What holds for all of a subject is told once.
  const common = scopes.size === 1 ? [...scopes][0] : undefined;
  const isInbound = first.subject.kind === 'workload' || first.subject.kind === 'workloads';
  const heading = `${style.strong(oneLine(subjectName(first.subject)))}${common && !isInbound ? `  ${style.dim(common)}` : ''}`;
  return `${heading}\n${changes.map((change) => changeText(change, common === undefined, style)).join('')}`;
}

export function subjectName(subject: Subject): string {
  switch (subject.kind) {
    case 'host':
      return `${hostText(subject.host)}${subject.port === 0 ? '' : `:${subject.port}`}`;
    case 'hosts':
      return `${subject.names.length} hosts: ${namesText(subject.names.map((name) => name.replace(/\.svc\.cluster\.local(?=:)/, '')))}`;
    case 'gateway-port':
      return `gateway port ${subject.port}`;
    case 'unknown-hosts':
      return 'hosts that the mesh does not know';
    case 'connections':
      return 'connections as such';
    case 'workload':
      return `to workload ${subject.namespace}/${subject.name}`;
    case 'workloads':
      return `to ${subject.names.length} workloads: ${namesText(subject.names)}`;
    case 'envoy-filters':
      return 'patches by EnvoyFilters';
  }
}

export function namesText(names: readonly string[]): string {
  return names.length <= mostNames ? names.join(', ') : `${names.slice(0, mostNames).join(', ')} and ${names.length - mostNames} more`;
}

/** `for all callers, at gateway edge/web` */
export function scopeText({ allCallers, callers, gateways }: Scope): string {
  const parts = [
    allCallers ? 'for all callers' : callers.length > 0 ? callersText(callers) : '',
    gateways.length > 0 ? `at gateway${gateways.length === 1 ? '' : 's'} ${namesText(gateways)}` : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function callersText(callers: readonly string[]): string {
  if (callers.every((name) => !/[/=]/.test(name))) return `for callers in ${namesText(callers)}`;
  return `for caller${callers.length === 1 ? '' : 's'} ${namesText(callers)}`;
}

const marks = { added: '+', removed: '-', changed: '~' } as const;

function changeText(change: ChangeDocument, withScope: boolean, style: Style): string {
  const { mark, place, instead, fields, at, scope, example, access } = change;
  const paint = mark === 'added' ? style.good : mark === 'removed' ? style.error : style.warning;
  const own = mark === 'removed' ? at.old : (at.new ?? at.old);
  const sign = paint(marks[mark]);
  const lines: string[] = [];
  if (mark === 'changed' && place === '') lines.push(...fields.map((field) => `  ${sign} ${fieldLine(field, change, style)}`));
  else {
    const title = [place === '' ? wholeText(change) : oneLine(place), insteadText(mark, instead)].filter((part) => part !== '').join(' ');
    lines.push(`  ${sign} ${title}${mark === 'changed' ? '' : whereText(own, style)}\n`, ...fields.map((field) => `      ${fieldLine(field, change, style)}`));
  }
  if (withScope && scopeText(scope) !== '') lines.push(`      ${style.dim(scopeText(scope))}\n`);
  if (example && example.old !== example.new && (instead !== undefined || mark !== 'changed'))
    lines.push(`      ${style.dim(`e.g. ${requestText(example)}: ${oneLine(example.old)} → ${oneLine(example.new)}`)}\n`);
  if (access) lines.push(...accessLines(access).map((text) => `      ${style.dim(oneLine(text))}\n`));
  return lines.join('');
}

function accessLines(access: readonly AccessExample[]): string[] {
  if (access.length === 0) return ['no request found that is decided otherwise'];
  return access.map((example) => `e.g. ${accessText(example)}: ${example.old} → ${example.new}`);
}

/** `POST http://cart.shop/pay -H "x-user: a" with claims {"sub":"a"} from spiffe://cluster.local/ns/shop/sa/web at 10.0.0.1` */
export function accessText({ request: { kind, method, host, path, port, headers = [], claims }, from }: AccessExample): string {
  const { principal, sourceIp, remoteIp, serverName, destinationIp } = from;
  const place = `${host}${port === undefined || /:\d+$/.test(host) ? '' : `:${port}`}`;
  return [
    kind === 'tcp' ? `a connection to ${place}` : `${method} http://${place}${path}`,
    ...headers.map(([name, value]) => `-H "${name}: ${value}"`),
    ...(claims ? [`with claims ${JSON.stringify(claims)}`] : []),
    ...(principal === undefined ? [] : [`from ${principal}`]),
    ...(sourceIp === undefined ? [] : [`at ${sourceIp}`]),
    ...(remoteIp === undefined ? [] : [`of client ${remoteIp}`]),
    ...(serverName === undefined ? [] : [`with server name ${serverName}`]),
    ...(destinationIp === undefined ? [] : [`to ${destinationIp}`]),
  ].join(' ');
}

function wholeText({ mark, subject }: ChangeDocument): string {
  if (mark === 'added') return subject.kind === 'gateway-port' ? 'opens' : 'is routed now';
  if (mark === 'removed') return subject.kind === 'gateway-port' ? 'is closed now' : 'is not routed any more';
  return 'settings';
}

function insteadText(mark: ChangeDocument['mark'], instead: string | undefined): string {
  if (instead === undefined) return '';
  return mark === 'removed' ? `(now by: ${oneLine(instead)})` : `(before by: ${oneLine(instead)})`;
}

type FieldDocument = ChangeDocument['fields'][number];

function fieldLine(field: FieldDocument, { mark, instead }: ChangeDocument, style: Style): string {
  const side = mark === 'removed' ? field.old : (field.new ?? field.old);
  // Of what comes or goes as a whole nothing is said to have been none.
  const text = mark !== 'changed' && instead === undefined && !(field.old && field.new) ? wholeField(field) : fieldText(field);
  return `${oneLine(text)}${whereText(side?.at, style)}\n`;
}

function nameText({ field }: FieldDocument): string {
  return field === 'destinations' || field === 'answer' ? '' : `${field}: `;
}

function wholeField(field: FieldDocument): string {
  return `${nameText(field)}${(field.new ?? field.old)?.text ?? ''}`;
}

function fieldText(field: FieldDocument): string {
  const { old, new: now } = field;
  return `${nameText(field)}${old?.text ?? 'none'} → ${now?.text ?? 'none'}`;
}

function whereText(at: WrittenAt | undefined, style: Style): string {
  if (!at) return '';
  return `  ${style.dim(`(${at.file === undefined ? at.object : `${oneLine(at.file)}:${at.line}`})`)}`;
}

/** `GET http://cart.shop/x -H "x-canary: yes" from shop` */
export function requestText({ request: { method, scheme, authority = '', path, port, headers = [] } }: Example): string {
  const usual = scheme === 'https' ? 443 : 80;
  const at = port === undefined || port === usual || /:\d+$/.test(authority) ? authority : `${authority}:${port}`;
  const more = headers.map(([name, value]) => ` -H "${name}: ${value}"`).join('');
  return oneLine(`${method} ${scheme}://${at}${path}${more}`);
}

function findingText(mark: '+' | '-', { code, level, message, origin, file, line }: FindingDocument, style: Style): string {
  const paint = mark === '+' ? (level === 'Error' ? style.error : style.warning) : style.good;
  const place = file === undefined ? '' : `  ${style.dim(`(${oneLine(file)}${line === undefined ? '' : `:${line}`})`)}`;
  return `  ${paint(`${mark} ${level.toLowerCase()} ${code}`)} ${origin === '' ? '' : `${oneLine(origin)}: `}${oneLine(message)}${place}\n`;
}
