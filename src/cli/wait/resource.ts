// What a person waits for: `vs cart.shop`, `VirtualService cart -n shop`, `virtualservices/cart`.
import { allKindNames, apiKind, isClusterScoped } from '../../manifest/kinds.ts';
import { nearest } from '../../manifest/nearest.ts';
import { usageError } from '../exit.ts';

export interface WaitedResource {
  /** By its name in src/manifest/kinds.ts. */
  kind: string;
  /** As Kubernetes calls it. */
  kindText: string;
  /** Empty for kinds without namespaces. */
  namespace: string;
  name: string;
}

/** As kubectl takes them. */
const shortNames: Readonly<Record<string, string>> = {
  vs: 'VirtualService',
  dr: 'DestinationRule',
  se: 'ServiceEntry',
  gw: 'Gateway',
  we: 'WorkloadEntry',
  wg: 'WorkloadGroup',
  pa: 'PeerAuthentication',
  ra: 'RequestAuthentication',
  ap: 'AuthorizationPolicy',
  gtw: 'gateway-api/Gateway',
  gc: 'gateway-api/GatewayClass',
};

const gatewayApi = 'gateway-api/';

/** Kinds that users write for the mesh: of Istio, and of the Gateway API. */
const kinds = allKindNames.filter((name) => name.startsWith(gatewayApi) || (apiKind(name)?.group ?? '').endsWith('.istio.io'));

/** Each word with the kinds that it may mean, those of Istio first: `gateway` is a kind of both. */
const words = new Map<string, string[]>();
for (const kind of kinds) for (const word of [singular(kind), plural(singular(kind))]) words.set(word, [...(words.get(word) ?? []), kind]);
for (const [word, kind] of Object.entries(shortNames)) words.set(word, [kind]);

function singular(kind: string): string {
  return kind.replace(gatewayApi, '').toLowerCase();
}

function plural(word: string): string {
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return word.endsWith('s') ? `${word}es` : `${word}s`;
}

/**
 * @param words KIND and NAME, or KIND/NAME; the name may have its namespace behind the last dot
 * @param flag `-n`
 * @param otherwise the namespace where nothing is said
 * @throws CliError (usage)
 */
export function parseResource(given: readonly string[], flag: string | undefined, otherwise: string): WaitedResource {
  const [kindWord, written] = given.length === 1 ? splitOnce(given[0] as string) : given;
  if (kindWord === undefined || written === undefined || written === '')
    throw usageError('say what to wait for: KIND and NAME', 'weft x wait virtualservice cart.shop');
  if (written.includes('/')) throw usageError(`"${written}" is no name: it is NAME or NAME.NAMESPACE`);
  const kind = parseKind(kindWord);
  const kindText = kind.replace(gatewayApi, '');
  if (isClusterScoped(kind)) return { kind, kindText, namespace: '', name: written };
  const dot = written.lastIndexOf('.');
  const [name, namespace] = dot < 0 ? [written, ''] : [written.slice(0, dot), written.slice(dot + 1)];
  if (dot >= 0 && (name === '' || namespace === '')) throw usageError(`"${written}" is no name: it is NAME or NAME.NAMESPACE`);
  // Names of resources may have dots themselves; with -n there is nothing else that one could be.
  if (dot < 0 || (flag !== undefined && flag !== namespace)) return { kind, kindText, namespace: flag ?? otherwise, name: written };
  return { kind, kindText, namespace, name };
}

/** @throws CliError (usage) */
function parseKind(written: string): string {
  const [word = '', ...group] = written.toLowerCase().split('.');
  const found = words.get(word) ?? words.get(word.replaceAll('-', '')) ?? [];
  const wanted = group.join('.');
  // VERSION.GROUP is taken, too.
  const kind = found.find((one) => wanted === '' || wanted === apiKind(one)?.group || wanted.endsWith(`.${apiKind(one)?.group}`));
  if (kind !== undefined) return kind;
  const near = nearest(word, words.keys());
  throw usageError(
    `"${written}" is no kind that proxies get configuration from${near === undefined ? '' : `; did you mean ${near}?`}`,
    'Kinds are those of Istio and of the Gateway API, such as virtualservice, destinationrule, serviceentry, authorizationpolicy, httproute.',
  );
}

function splitOnce(text: string): [string, string | undefined] {
  const slash = text.indexOf('/');
  return slash < 0 ? [text, undefined] : [text.slice(0, slash), text.slice(slash + 1)];
}

/** `VirtualService shop/cart` */
export function resourceText({ kindText, namespace, name }: WaitedResource): string {
  return `${kindText} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}
