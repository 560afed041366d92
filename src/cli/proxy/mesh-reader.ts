import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import schemaValidation from '../../../analyzers/schema-validation.ts';
import { itemOfFinding, itemOfProblem, type ReportItem } from '../../analysis/report/report.ts';
import { MissingFileError, type ReadFiles, readFiles, sourceText } from '../../manifest/files.ts';
import type { Resource, SourceText } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import { runPipeline } from '../../pipeline/pipeline.ts';
import { PipelineCache } from '../../pipeline/pipeline-cache.ts';
import { asksForCluster, type ClusterFlags } from '../cluster.ts';
import { CliError, usageError } from '../exit.ts';
import { readStdinSync } from '../stdin.ts';
import type { ManifestFlags } from './flags.ts';
import type { UsableCluster } from './usable-cluster.ts';

type ReaderFlags = Pick<ManifestFlags, 'filename' | 'meshConfigFile' | 'namespace' | 'istioNamespace' | 'useKube'> & ClusterFlags;

/** What the manifests say at one moment. */
export interface ReadMesh {
  input: ReadFiles;
  mesh: Mesh;
  /** Those that the mesh is made of. */
  resources: readonly Resource[];
  /** What is broken in files: with anything in it, the mesh is not to be served. */
  broken: ReportItem[];
  /** Where a proxy is that does not say it: with a cluster. */
  namespace: string | undefined;
}

/** What reads manifests, for what it says to the user. */
export interface ReadingCommand {
  name: string;
  /** It takes `-` for standard input. */
  stdin?: boolean;
  /** It reads a cluster, too, where the flags ask for it. */
  cluster?: boolean;
  /** Files that are something else, although the flags name them or a directory of them; absolute. */
  others?: ReadonlySet<string>;
}

/** Reads the manifests of a mesh again and again: files, over the cluster as it was at the first time. */
export class MeshReader {
  private readonly flags: ReaderFlags;
  private readonly paths: readonly string[];
  private readonly usesCluster: boolean;
  private readonly others: ReadonlySet<string>;
  private readonly cache = new PipelineCache();
  private cluster: Promise<UsableCluster> | undefined;

  /** @throws CliError (usage) for flags that make no sense */
  constructor(flags: ReaderFlags, command: ReadingCommand) {
    this.flags = flags;
    this.others = command.others ?? new Set();
    this.paths = (flags.filename ?? []).flatMap((f) => f.split(',')).filter((f) => f !== '');
    this.usesCluster = command.cluster === true && asksForCluster(flags);
    if (this.paths.length === 0 && !this.usesCluster) {
      const orCluster = command.cluster ? `, or read the cluster with ${command.name} -k` : '';
      throw usageError('no manifests are named', `Name files or directories with -f: ${command.name} -f mesh/${orCluster}`);
    }
    if (this.paths.includes('-') && !command.stdin)
      throw usageError(`-f - is standard input, and ${command.name} reads files and directories`, 'Write the manifests into a file first.');
  }

  /** All directories and files that decide, for whoever watches them. */
  get files(): readonly string[] {
    return this.flags.meshConfigFile === undefined ? this.paths : [...this.paths, this.flags.meshConfigFile];
  }

  /** @throws CliError for input that is not there, and for a cluster that cannot be read */
  async read(): Promise<ReadMesh> {
    const { flags } = this;
    const input = this.readFiles();
    if (this.usesCluster) this.cluster ??= import('./usable-cluster.ts').then(({ readUsableCluster }) => readUsableCluster(flags));
    const cluster = await this.cluster;
    const namespace = flags.namespace ?? cluster?.namespace;
    const result = await runPipeline({
      sources: input.sources,
      cluster: cluster?.input,
      meshConfigSource: this.readMeshConfig(),
      defaultNamespace: namespace ?? 'default',
      istioNamespace: flags.istioNamespace,
      assume: cluster ? 'auto' : 'complete',
      preset: 'recommended',
      // The rules of each kind, as a cluster checks them; what else analyzers find is no reason to stop traffic.
      analyzers: schemaValidation,
      knownHosts: [],
      now: new Date(),
      cache: this.cache,
    });
    const unreadable = input.unreadable.map(({ path, text }) => `${path}: ${text}`);
    if (unreadable.length > 0) throw new CliError(`cannot read ${unreadable.join(', ')}`);
    const broken = [
      ...result.problems.filter((p) => p.unparsable).map(itemOfProblem),
      ...result.findings.filter((f) => f.level === 'Error').map(itemOfFinding),
    ];
    return { input, broken, mesh: result.mesh, resources: result.resources, namespace };
  }

  private readFiles(): ReadFiles {
    try {
      const read = readFiles(this.paths, readStdinSync, { anyExtension: true });
      return this.others.size === 0 ? read : { ...read, sources: read.sources.filter(({ name }) => !this.others.has(resolve(name))) };
    } catch (error) {
      if (error instanceof MissingFileError) throw new CliError(error.message, undefined, '-f takes files and directories that are there.');
      throw error;
    }
  }

  private readMeshConfig(): SourceText | undefined {
    const { meshConfigFile } = this.flags;
    if (meshConfigFile === undefined) return undefined;
    try {
      return sourceText(meshConfigFile, readFileSync(meshConfigFile, 'utf8'));
    } catch (error) {
      throw new CliError(`--meshConfigFile: cannot read ${meshConfigFile}: ${(error as Error).message}`);
    }
  }
}
