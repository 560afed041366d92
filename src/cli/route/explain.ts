import { timeline } from '../../simulate/timeline.ts';
import type { ClusterFlags } from '../cluster.ts';
import { brokenExit, exitCode } from '../exit.ts';
import { printBroken } from '../proxy/broken.ts';
import { parseChoice } from '../proxy/flags.ts';
import { MeshReader } from '../proxy/mesh-reader.ts';
import { styleFor, wantsColour, widthOf, write } from '../terminal.ts';
import { formatted } from '../translate/output.ts';
import { ask } from './ask.ts';
import { callerOf } from './caller.ts';
import { notesOn } from './notes.ts';
import { Places } from './places.ts';
import { explainText } from './report.ts';
import { parseRequest } from './request.ts';
import { parseClaims, TokenBook, type TokenFlags } from './tokens.ts';

/** Flags of `weft route explain` as commander gives them. */
export interface ExplainFlags extends ClusterFlags, TokenFlags {
  filename?: string[];
  useKube?: boolean;
  namespace?: string;
  istioNamespace: string;
  meshConfigFile?: string;
  header?: string[];
  from?: string;
  gateway?: string;
  to?: string;
  clientIp?: string;
  output: string;
  color?: boolean;
}

/**
 * Says what becomes of a request, by the routing table of its caller.
 *
 * @returns 0, whatever becomes of it; 79 when the manifests are broken, 65 when they cannot be parsed
 * @throws CliError for flags and requests that make no sense, and for what is not there
 */
export async function runExplain(words: readonly string[], flags: ExplainFlags): Promise<number> {
  const output = parseChoice('output', flags.output, ['text', 'json', 'yaml']);
  const request = parseRequest(words, flags.header, { ...flags, claims: parseClaims(flags.claims) });
  const tokens = new TokenBook(flags.jwks);
  const reader = new MeshReader(flags, { name: 'weft route explain', stdin: true, cluster: true });
  const { mesh, broken, namespace } = await reader.read();
  if (broken.length > 0) {
    await printBroken(broken, 'nothing is explained until that is repaired');
    return brokenExit(broken);
  }
  const proxy = callerOf(namespace === undefined ? flags : { ...flags, namespace }, mesh);
  const { simulation, simulator, arrivals } = await tokens.settled(() => ask(mesh, proxy, request, tokens));
  const places = new Places(mesh);
  const notes = notesOn(simulation, simulator.hosts, mesh);
  if (output === 'text') {
    const style = await styleFor(wantsColour(flags.color, 'stdout'));
    write('stdout', explainText(simulation, { width: widthOf('stdout'), style, places, notes, arrivals }));
    return exitCode.ok;
  }
  const worst = timeline(simulation);
  const document = places.locate({ ...simulation, arrivals, ...(worst ? { timeline: worst } : {}), ...(notes.length > 0 ? { notes } : {}) }) as object;
  write('stdout', formatted(document, output));
  return exitCode.ok;
}
