import { loadAll, YAMLException } from 'js-yaml';
import { isMap } from '../manifest/is-map.ts';
import { nearest } from '../manifest/nearest.ts';
import { KubeError } from './error.ts';

/** `cluster` of a kubeconfig. */
export interface ClusterEntry {
  server?: string;
  'certificate-authority'?: string;
  'certificate-authority-data'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'tls-server-name'?: string;
  'proxy-url'?: string;
  'disable-compression'?: boolean;
  extensions?: { name?: string; extension?: unknown }[];
}

/** `exec` of a user. */
export interface ExecEntry {
  apiVersion?: string;
  command?: string;
  args?: string[] | null;
  env?: { name: string; value: string }[] | null;
  installHint?: string;
  provideClusterInfo?: boolean;
  interactiveMode?: string;
}

/** `user` of a kubeconfig. */
export interface UserEntry {
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  as?: string;
  'as-uid'?: string;
  'as-groups'?: string[];
  'as-user-extra'?: Record<string, string[]>;
  'auth-provider'?: { name: string; config?: Record<string, unknown> };
  exec?: ExecEntry;
}

export interface ContextEntry {
  cluster?: string;
  user?: string;
  namespace?: string;
}

/** An entry and the file that has it: paths in it are relative to that file. */
export interface Sourced<T> {
  name: string;
  file: string;
  value: T;
}

export interface Kubeconfig {
  /** All files that were read, in order. */
  files: readonly string[];
  currentContext: string | undefined;
  clusters: ReadonlyMap<string, Sourced<ClusterEntry>>;
  users: ReadonlyMap<string, Sourced<UserEntry>>;
  contexts: ReadonlyMap<string, Sourced<ContextEntry>>;
}

/** What one context says. */
export interface ChosenContext {
  name: string;
  namespace: string | undefined;
  cluster: Sourced<ClusterEntry & { server: string }>;
  /** Absent: requests are anonymous. */
  user: Sourced<UserEntry> | undefined;
}

/**
 * Puts the texts of kubeconfig files together: what an earlier file says holds.
 *
 * @throws KubeError 'BadConfig' for what is not a kubeconfig
 */
export function parseKubeconfig(sources: readonly { file: string; text: string }[]): Kubeconfig {
  const config = {
    files: sources.map(({ file }) => file),
    currentContext: undefined as string | undefined,
    clusters: new Map<string, Sourced<ClusterEntry>>(),
    users: new Map<string, Sourced<UserEntry>>(),
    contexts: new Map<string, Sourced<ContextEntry>>(),
  };
  for (const { file, text } of sources) {
    const document = parseYaml(file, text);
    // An empty file is an empty kubeconfig, as kubectl has it.
    if (document === undefined) continue;
    const current = document['current-context'];
    if (typeof current === 'string' && current !== '') config.currentContext ??= current;
    take(config.clusters, document, 'clusters', 'cluster', file);
    take(config.users, document, 'users', 'user', file);
    take(config.contexts, document, 'contexts', 'context', file);
  }
  return config;
}

/**
 * @param wanted name of the context; absent: the current one
 * @throws KubeError 'BadConfig' where it is not there, or names what is not there
 */
export function chooseContext(config: Kubeconfig, wanted: string | undefined): ChosenContext {
  const where = config.files.join(', ');
  const name = wanted ?? config.currentContext;
  const names = [...config.contexts.keys()];
  const list = names.length > 0 ? `Contexts there: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}.` : 'There are no contexts.';
  if (name === undefined) throw bad(`${where} names no current context`, `Choose one with --context. ${list}`);
  const context = config.contexts.get(name);
  if (!context) {
    const near = nearest(name, names);
    const what = wanted === undefined ? `the current context of ${where} is ${name}, which is not there` : `there is no context ${name} in ${where}`;
    throw bad(what, near === undefined ? list : `Did you mean ${near}?`);
  }
  const { cluster: clusterName, user: userName, namespace } = context.value;
  const cluster = clusterName === undefined ? undefined : config.clusters.get(clusterName);
  if (!cluster) throw bad(`context ${name} (${context.file}) ${missing('cluster', clusterName)}`, suggest('clusters', clusterName, config.clusters));
  const user = userName ? config.users.get(userName) : undefined;
  if (userName && !user) throw bad(`context ${name} (${context.file}) ${missing('user', userName)}`, suggest('users', userName, config.users));
  const { server } = cluster.value;
  if (!server) throw bad(`cluster ${cluster.name} (${cluster.file}) has no server`, 'Set server to the URL of the API server.');
  if (!isHttpUrl(server)) throw bad(`the server of cluster ${cluster.name} (${cluster.file}) is no URL: ${server}`, 'It is like https://HOST:6443.');
  return { name, namespace: namespace || undefined, cluster: { ...cluster, value: { ...cluster.value, server } }, user };
}

function parseYaml(file: string, text: string): Record<string, unknown> | undefined {
  let document: unknown;
  try {
    // Those after the first are not read, as kubectl does.
    document = loadAll(text)[0];
  } catch (error) {
    const line = error instanceof YAMLException && error.mark ? `:${error.mark.line + 1}` : '';
    const why = error instanceof YAMLException ? error.reason : (error as Error).message;
    throw bad(`the kubeconfig ${file}${line} is not YAML: ${why}`, undefined, error);
  }
  if (document === undefined || document === null) return undefined;
  if (!isMap(document)) throw bad(`${file} is no kubeconfig: it is not a mapping`);
  const kind = document.kind;
  if (kind !== undefined && kind !== 'Config' && kind !== '') throw bad(`${file} is no kubeconfig: its kind is ${String(kind)}, not Config`);
  return document;
}

function take<T extends object>(into: Map<string, Sourced<T>>, document: Record<string, unknown>, list: string, key: string, file: string): void {
  const entries = document[list] ?? [];
  if (!Array.isArray(entries)) throw bad(`${file}: ${list} is not a list`);
  for (const [index, entry] of entries.entries()) {
    const at = `${file}: ${list}[${index}]`;
    if (!isMap(entry) || typeof entry.name !== 'string' || entry.name === '') throw bad(`${at} has no name`);
    const value = entry[key] ?? {};
    if (!isMap(value)) throw bad(`${at} (${entry.name}): ${key} is not a mapping`);
    checkTexts(value, `${at} (${entry.name})`);
    if (!into.has(entry.name)) into.set(entry.name, { name: entry.name, file, value: value as T });
  }
}

/** Keys whose values are used as texts: a token of digits alone is a number in YAML, and kubectl refuses it, too. */
const texts: readonly string[] = [
  'server',
  'certificate-authority',
  'certificate-authority-data',
  'tls-server-name',
  'proxy-url',
  'client-certificate',
  'client-certificate-data',
  'client-key',
  'client-key-data',
  'token',
  'tokenFile',
  'username',
  'password',
  'as',
  'as-uid',
  'cluster',
  'user',
  'namespace',
];

function checkTexts(value: Record<string, unknown>, at: string): void {
  for (const key of texts) {
    const text = value[key];
    if (text === null) delete value[key];
    else if (text !== undefined && typeof text !== 'string') throw bad(`${at}: ${key} is not a string`, 'Put it in quotes.');
  }
}

function missing(what: string, name: string | undefined): string {
  return name === undefined ? `names no ${what}` : `names ${what} ${name}, which is not there`;
}

function suggest(what: string, name: string | undefined, entries: ReadonlyMap<string, unknown>): string {
  const near = name === undefined ? undefined : nearest(name, entries.keys());
  if (near !== undefined) return `Did you mean ${near}?`;
  return entries.size > 0 ? `The ${what} there: ${[...entries.keys()].join(', ')}.` : `There are no ${what}.`;
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\/./i.test(text) && URL.canParse(text);
}

function bad(message: string, help?: string, cause?: unknown): KubeError {
  return new KubeError(message, { reason: 'BadConfig', help, cause });
}
