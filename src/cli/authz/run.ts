import { existsSync, readFileSync, statSync } from 'node:fs';
import type { Mesh } from '../../model/mesh.ts';
import { isJson, type Json, text } from '../../proxy-config/json.ts';
import { allowsNothing, type PolicyInForce, policiesInForce } from '../../proxy-config/policies.ts';
import { securityOf } from '../../translate/table.ts';
import { asksForCluster } from '../cluster.ts';
import { brokenExit, CliError, exitCode, usageError } from '../exit.ts';
import { printBroken } from '../proxy/broken.ts';
import { parseChoice } from '../proxy/flags.ts';
import { MeshReader } from '../proxy/mesh-reader.ts';
import { openSource } from '../proxy-config/source.ts';
import { tableText } from '../proxy-config/table-text.ts';
import { ask } from '../route/ask.ts';
import { callerOf } from '../route/caller.ts';
import type { ExplainFlags } from '../route/explain.ts';
import { arrivalsText, headline } from '../route/headline.ts';
import { Page } from '../route/page.ts';
import { Places } from '../route/places.ts';
import { accessSection } from '../route/report-access.ts';
import { parseRequest } from '../route/request.ts';
import { parseClaims, TokenBook } from '../route/tokens.ts';
import { styleFor, wantsColour, widthOf, write } from '../terminal.ts';
import { formatted } from '../translate/output.ts';
import { tablePolicies } from './table-policies.ts';
import { workloadsNamed } from './workloads.ts';

/** Flags of `weft x authz check` as commander gives them. */
export interface AuthzFlags extends ExplainFlags {
  proxyAdminAddress?: string;
  proxyAdminPort?: string;
  live?: boolean;
}

const formats = ['text', 'json', 'yaml'] as const;
type Format = (typeof formats)[number];

const usage =
  'Name a workload (pod/NAME, deploy/NAME, svc/NAME, gateway/NAME), a request (--from deploy/web GET http://cart/), or a dump of a proxy (-f dump.json).';

/**
 * The policies of workloads, or what they say of a request.
 *
 * @returns 0, whatever they say; 79 when the manifests are broken, 65 when they cannot be parsed
 * @throws CliError for flags that make no sense, and for what is not there
 */
export async function runAuthzCheck(words: readonly string[], flags: AuthzFlags): Promise<number> {
  const format = parseChoice('output', flags.output, formats);
  if (isRequest(words, flags)) return checkRequest(words, flags, format);
  const [target, ...more] = words;
  if (more.length > 0) throw usageError(`there is more than one workload: ${more.join(' ')}`, usage);
  const dump = dumpIn(flags.filename ?? []);
  if (dump !== undefined) {
    if (target !== undefined) throw usageError(`-f ${dump} is a dump of one proxy, and ${target} names another: give one`);
    return checkProxy(undefined, flags, format, dump);
  }
  if (flags.live) {
    if (flags.filename?.length) throw usageError('--live asks a proxy that runs, and -f names files: give one');
    return checkProxy(target, flags, format, undefined);
  }
  if (target === undefined) {
    const [only, ...others] = (flags.filename ?? []).flatMap((list) => list.split(','));
    const file = others.length > 0 || only === '-' ? undefined : only;
    if (file !== undefined && !existsSync(file)) throw new CliError(`no such file or directory: ${file}`);
    const isNone = file !== undefined && !statSync(file).isDirectory();
    throw usageError(`nothing is named to check${isNone ? `, and ${file} is no dump of a proxy` : ''}`, usage);
  }
  return checkWorkloads(target, flags, format);
}

function isRequest(words: readonly string[], { from, gateway }: AuthzFlags): boolean {
  return from !== undefined || gateway !== undefined || words.length > 1 || /:\/\/|^\//.test(words[0] ?? '');
}

/** The only file, where it is what a proxy answers for its configuration, or a routing table. */
function dumpIn(files: readonly string[]): string | undefined {
  const [only, another] = files.flatMap((list) => list.split(','));
  if (only === undefined || another !== undefined || only === '-' || !existsSync(only) || statSync(only).isDirectory()) return undefined;
  const written = readFileSync(only, 'utf8');
  if (!written.trimStart().startsWith('{')) return undefined;
  try {
    const document: unknown = JSON.parse(written);
    return isJson(document) && document.kind === undefined && (Array.isArray(document.configs) || Array.isArray(document.listeners)) ? only : undefined;
  } catch {
    return undefined;
  }
}

async function checkProxy(pod: string | undefined, flags: AuthzFlags, format: Format, file: string | undefined): Promise<number> {
  const { filename: _, ...rest } = flags;
  const source = await openSource(pod, { ...rest, ...(file === undefined ? {} : { file }) });
  const config = await source.config().finally(() => source.close());
  const policies = policiesInForce(config.listeners);
  if (format !== 'text') write('stdout', formatted({ policies }, format));
  else printTable(policies);
  if (policies.length === 0 && allowsNothing(config.listeners)) write('stderr', `${source.name} lets nobody in: an ALLOW policy has no rule that it takes.\n`);
  else if (policies.length === 0)
    write('stderr', `${source.name} has no policies${config.listeners.some(isInbound) ? ': everybody may come in' : ', and no listener for what comes in'}.\n`);
  return exitCode.ok;
}

function isInbound(listener: Json): boolean {
  return text(listener, 'traffic_direction') === 'INBOUND' || text(listener, 'name') === 'virtualInbound';
}

/** Where it is not read, that was told. */
async function meshOf(flags: AuthzFlags): Promise<{ mesh: Mesh; namespace: string | undefined } | { exit: number }> {
  const files = flags.filename?.length;
  const reader = new MeshReader(
    { ...flags, useKube: asksForCluster(flags) || (!files && flags.useKube !== false) },
    { name: 'weft x authz check', stdin: true, cluster: true },
  );
  const { mesh, broken, namespace } = await reader.read();
  if (broken.length === 0) return { mesh, namespace };
  await printBroken(broken, 'nothing is checked until that is repaired');
  return { exit: brokenExit(broken) };
}

async function checkWorkloads(target: string, flags: AuthzFlags, format: Format): Promise<number> {
  const read = await meshOf(flags);
  if ('exit' in read) return read.exit;
  const { mesh, namespace = 'default' } = read;
  const places = new Places(mesh);
  const workloads = workloadsNamed(mesh, target, namespace).map((proxy) => {
    const security = securityOf(mesh, proxy);
    return {
      namespace: proxy.namespace,
      name: proxy.name,
      role: proxy.role,
      policies: tablePolicies(security),
      allowsNothing: security?.authorization?.http.allow?.length === 0,
    };
  });
  if (format !== 'text') {
    write('stdout', formatted(places.locate({ workloads }) as object, format));
    return exitCode.ok;
  }
  const groups = Map.groupBy(workloads, ({ policies }) => JSON.stringify(policies));
  let first = true;
  for (const same of groups.values()) {
    const [{ policies, allowsNothing: nobody } = { policies: [], allowsNothing: false }] = same;
    const names = same.map((one) => `${one.name}.${one.namespace}`).join(', ');
    // Of one workload there is the table alone, as scripts expect it.
    if (groups.size > 1) write('stdout', `${first ? '' : '\n'}${names}\n`);
    first = false;
    printTable(policies);
    if (policies.length === 0) write('stderr', nobody ? `${names}: no rule lets anybody in.\n` : `${names}: no policy applies, and everybody may come in.\n`);
  }
  return exitCode.ok;
}

function printTable(policies: readonly PolicyInForce[]): void {
  const rows = policies.map(({ action, dryRun, namespace, name, rules }) => [
    `${action}${dryRun ? ' (dry run)' : ''}`,
    namespace === '' ? name : `${name}.${namespace}`,
    String(rules),
  ]);
  write('stdout', tableText({ titles: ['ACTION', 'AuthorizationPolicy', 'RULES'], rows }));
}

async function checkRequest(words: readonly string[], flags: AuthzFlags, format: Format): Promise<number> {
  const request = parseRequest(words, flags.header, { ...flags, claims: parseClaims(flags.claims) });
  const tokens = new TokenBook(flags.jwks);
  const read = await meshOf(flags);
  if ('exit' in read) return read.exit;
  const { mesh, namespace } = read;
  const proxy = callerOf(namespace === undefined ? flags : { ...flags, namespace }, mesh);
  const { simulation, arrivals } = await tokens.settled(() => ask(mesh, proxy, request, tokens));
  const places = new Places(mesh);
  const { request: seen, outcome, admission } = simulation;
  if (format !== 'text') {
    const document = { proxy, request: seen, outcome, ...(admission ? { admission } : {}), arrivals };
    write('stdout', formatted(places.locate(document) as object, format));
    return exitCode.ok;
  }
  const style = await styleFor(wantsColour(flags.color, 'stdout'));
  const page = new AccessReport(widthOf('stdout'), style, places);
  page.title(`${headline(simulation)}${arrivalsText(arrivals)}`, style.strong);
  accessSection(page, admission, arrivals, proxy.namespace);
  if (arrivals.length === 0 && (outcome.kind === 'routed' || outcome.kind === 'tcp'))
    page.row('no workload behind it is known: what their policies say is not told', { paint: style.warning });
  else if (!admission && arrivals.length === 0) page.row('no policy is asked on its way', { paint: style.dim });
  write('stdout', page.text());
  return exitCode.ok;
}

class AccessReport extends Page {
  override readonly style;
  readonly places: Places;

  constructor(width: number, style: Awaited<ReturnType<typeof styleFor>>, places: Places) {
    super(width, style);
    this.style = style;
    this.places = places;
  }
}
