import { readFileSync } from 'node:fs';
import schemaValidation from '../../../analyzers/schema-validation.ts';
import { itemOfFinding, itemOfProblem, type ReportItem } from '../../analysis/report/report.ts';
import { MissingFileError, type ReadFiles, readFiles, sourceText } from '../../manifest/files.ts';
import type { Resource, SourceText } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import { CliError, usageError } from '../exit.ts';
import { runPipeline } from '../pipeline.ts';
import { PipelineCache } from '../pipeline-cache.ts';
import { readStdinSync } from '../stdin.ts';
import type { ManifestFlags } from './flags.ts';

/** What the manifests say at one moment. */
export interface ReadMesh {
  input: ReadFiles;
  mesh: Mesh;
  /** Those that the mesh is made of. */
  resources: readonly Resource[];
  /** What is broken: with anything in it, the mesh is not to be served. */
  broken: ReportItem[];
}

/** Reads the manifests of a mesh again and again. */
export class MeshReader {
  private readonly flags: Pick<ManifestFlags, 'filename' | 'meshConfigFile' | 'namespace' | 'istioNamespace'>;
  private readonly paths: readonly string[];
  private readonly cache = new PipelineCache();

  /**
   * @param command that reads, for what it says to the user; `stdin`: it takes `-` for standard input
   * @throws CliError (usage) for flags that make no sense
   */
  constructor(flags: MeshReader['flags'], command: { name: string; stdin?: boolean }) {
    this.flags = flags;
    this.paths = (flags.filename ?? []).flatMap((f) => f.split(',')).filter((f) => f !== '');
    if (this.paths.length === 0) throw usageError('no manifests are named', `Name files or directories with -f: ${command.name} -f mesh/`);
    if (this.paths.includes('-') && !command.stdin)
      throw usageError(`-f - is standard input, and ${command.name} reads files and directories`, 'Write the manifests into a file first.');
  }

  /** All directories and files that decide, for whoever watches them. */
  get files(): readonly string[] {
    return this.flags.meshConfigFile === undefined ? this.paths : [...this.paths, this.flags.meshConfigFile];
  }

  /** @throws CliError for input that is not there */
  async read(): Promise<ReadMesh> {
    const { flags } = this;
    const input = this.readFiles();
    const result = await runPipeline({
      sources: input.sources,
      meshConfigSource: this.readMeshConfig(),
      defaultNamespace: flags.namespace ?? 'default',
      istioNamespace: flags.istioNamespace,
      assume: 'complete',
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
    return { input, broken, mesh: result.mesh, resources: result.resources };
  }

  private readFiles(): ReadFiles {
    try {
      return readFiles(this.paths, readStdinSync, { anyExtension: true });
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
