// Certificates and keys from files, read again when they change.
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, getCACertificates } from 'node:tls';
import { type NamedFiles, namedFiles, systemRoots } from './credential-names.ts';
import type { Credentials, NamedCredentials, WorkloadCredentials } from './credentials.ts';
import { revocationLists } from './revocation-lists.ts';

/** How often files are looked at. By their names, not by what is open: a volume of Kubernetes changes what names stand for. */
const everyMs = 1000;

interface Known {
  /** Of the files when they were read. */
  state: string;
  credentials: NamedCredentials | undefined;
  /** What is wrong now. */
  problem: string | undefined;
}

export class FileCredentials implements Credentials {
  private readonly tell: (problem: string) => void;
  private readonly listeners = new Set<() => void>();
  private readonly known = new Map<string, Known>();
  private wanted: readonly string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<boolean> = Promise.resolve(false);

  /** @param tell once for each problem, while files change: what was read before goes on */
  constructor(tell: (problem: string) => void) {
    this.tell = tell;
  }

  workload(): WorkloadCredentials | undefined {
    return undefined;
  }

  named(name: string): NamedCredentials | undefined {
    if (name === systemRoots) return { roots: rootsOfSystem() };
    return this.known.get(name)?.credentials;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** What is wrong with files that are wanted: a line each. */
  get problems(): string[] {
    return this.wanted.flatMap((name) => this.known.get(name)?.problem ?? []);
  }

  /**
   * From now on these are read and kept up to date; those that are no names of files are left out. Returns when they were read.
   * Nobody is told: whoever asks knows.
   */
  async follow(names: readonly string[]): Promise<void> {
    this.wanted = names.filter((name) => name !== systemRoots && namedFiles(name) !== undefined);
    for (const name of this.known.keys()) if (!this.wanted.includes(name)) this.known.delete(name);
    await this.look();
    clearInterval(this.timer);
    this.timer = this.wanted.length === 0 ? undefined : setInterval(() => void this.lookAgain(), everyMs).unref();
  }

  close(): void {
    clearInterval(this.timer);
    this.listeners.clear();
  }

  private async lookAgain(): Promise<void> {
    if (await this.look()) for (const listener of this.listeners) listener();
  }

  /** One at a time. @returns whether something is other than it was */
  private look(): Promise<boolean> {
    this.looking = this.looking.then(async () => {
      let changed = false;
      for (const name of this.wanted) if (await this.read(name)) changed = true;
      return changed;
    });
    return this.looking;
  }

  private async read(name: string): Promise<boolean> {
    const files = namedFiles(name) as NamedFiles;
    const before = this.known.get(name);
    const state = await stateOf(files);
    if (before?.state === state) return false;
    const read = await readNamed(files);
    if (typeof read !== 'string') {
      this.known.set(name, { state, credentials: read, problem: undefined });
      return JSON.stringify(read) !== JSON.stringify(before?.credentials);
    }
    // Half of a pair may be new already: it is looked at again when the other half is.
    this.known.set(name, { state, credentials: before?.credentials, problem: read });
    if (before && before.problem !== read) this.tell(`${read}: ${before.credentials ? 'what was read before goes on' : 'connections that need it fail'}`);
    return false;
  }
}

function pathsOf(files: NamedFiles): string[] {
  return files.kind === 'pair' ? [files.certificateFile, files.keyFile] : [files.file];
}

async function stateOf(files: NamedFiles): Promise<string> {
  const states = pathsOf(files).map(async (path) => {
    try {
      const { ino, size, mtimeMs } = await stat(path);
      return `${ino} ${size} ${mtimeMs}`;
    } catch (error) {
      return String((error as NodeJS.ErrnoException).code);
    }
  });
  return (await Promise.all(states)).join('|');
}

/** @returns what is wrong with them, otherwise; nothing of what is in them */
async function readNamed(files: NamedFiles): Promise<NamedCredentials | string> {
  const texts: string[] = [];
  for (const path of pathsOf(files)) {
    try {
      texts.push(await readFile(path, 'utf8'));
    } catch (error) {
      return `cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`;
    }
  }
  const [text = '', key = ''] = texts;
  if (files.kind === 'pair') {
    const problem = pairProblem(text, key);
    return problem === undefined ? { pair: { certificateChain: text, privateKey: key } } : `${files.certificateFile}, ${files.keyFile}: ${problem}`;
  }
  const problem = files.kind === 'roots' ? rootsProblem(text) : revokedProblem(text);
  if (problem !== undefined) return `${files.file}: ${problem}`;
  return files.kind === 'roots' ? { roots: text } : { crl: text };
}

/** Why a certificate and a key are of no use; nothing of what is in them. */
export function pairProblem(certificateChain: string, privateKey: string): string | undefined {
  if (problemOf({ cert: certificateChain }) !== undefined) return 'the certificate cannot be read: it is to be PEM';
  if (problemOf({ key: privateKey }) !== undefined) return 'the private key cannot be read: it is to be PEM, without a password';
  return problemOf({ cert: certificateChain, key: privateKey }) === undefined ? undefined : 'the private key is not that of the certificate';
}

/** Why roots are of no use. */
export function rootsProblem(roots: string): string | undefined {
  if (!roots.includes('-----BEGIN CERTIFICATE-----')) return 'there is no certificate in it: they are to be PEM';
  return problemOf({ ca: roots }) === undefined ? undefined : 'the certificates cannot be read: they are to be PEM';
}

export function revokedProblem(crl: string): string | undefined {
  return problemOf({ crl: revocationLists(crl) }) === undefined ? undefined : 'the list of revoked certificates cannot be read: it is to be PEM';
}

function problemOf(options: Parameters<typeof createSecureContext>[0]): string | undefined {
  try {
    createSecureContext(options);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

let system: string | undefined;

/** Whom the system trusts; where it has nobody, whom Node trusts. */
function rootsOfSystem(): string {
  if (system === undefined) {
    const known = getCACertificates('system');
    system = [...new Set([...(known.length > 0 ? known : getCACertificates('bundled')), ...getCACertificates('extra')])].join('\n');
  }
  return system;
}
