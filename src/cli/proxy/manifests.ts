import { readFileSync } from 'node:fs';
import schemaValidation from '../../../analyzers/schema-validation.ts';
import { itemOfFinding, itemOfProblem, type ReportItem } from '../../analysis/report/report.ts';
import type { ProxyIdentity, RoutingTable } from '../../ir/table.ts';
import { MissingFileError, type ReadFiles, readFiles, sourceText } from '../../manifest/files.ts';
import type { SourceText } from '../../manifest/resource.ts';
import type { EndpointOverride } from '../../model/endpoint-overrides.ts';
import type { Mesh } from '../../model/mesh.ts';
import { routingTable } from '../../translate/table.ts';
import { CliError, usageError } from '../exit.ts';
import { runPipeline } from '../pipeline.ts';
import { PipelineCache } from '../pipeline-cache.ts';
import { type ProxyFlags, parseOverride } from './flags.ts';
import { identityOf } from './identity.ts';
import { checkOverrides } from './overrides.ts';

/** What the manifests say at one moment. */
export interface Manifests {
  input: ReadFiles;
  /** Undefined when something in the input is broken. */
  table: RoutingTable | undefined;
  /** What is broken. */
  broken: ReportItem[];
  mesh: Mesh;
}

/** Reads the manifests again and again, and makes the routing table of one proxy. */
export class ManifestReader {
  private readonly flags: ProxyFlags;
  private readonly paths: readonly string[];
  private readonly overrides: readonly EndpointOverride[];
  private readonly cache = new PipelineCache();
  private checked = false;

  /** @throws CliError (usage) for flags that make no sense */
  constructor(flags: ProxyFlags) {
    this.flags = flags;
    this.overrides = (flags.map ?? []).map((text) => parseOverride(text));
    this.paths = (flags.filename ?? []).flatMap((f) => f.split(',')).filter((f) => f !== '');
    if (this.paths.length === 0) throw usageError('no manifests are named', 'Name files or directories with -f: weft proxy run -f mesh/');
    if (this.paths.includes('-'))
      throw usageError('-f - is standard input, and weft proxy run reads files and directories', 'Write the manifests into a file first.');
  }

  /** All directories and files that decide, for whoever watches them. */
  get files(): readonly string[] {
    return this.flags.meshConfigFile === undefined ? this.paths : [...this.paths, this.flags.meshConfigFile];
  }

  /** @throws CliError for input that is not there */
  async read(): Promise<Manifests> {
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
    if (broken.length > 0) return { input, table: undefined, broken, mesh: result.mesh };
    const table = this.withFlags(routingTable(result.mesh, this.identity(result.mesh), { overrides: this.overrides }));
    // A later version of the manifests may well have what is served from here no longer.
    if (!this.checked) checkOverrides(this.overrides, result.mesh, table);
    this.checked = true;
    return { input, table, broken, mesh: result.mesh };
  }

  private identity(mesh: Mesh): ProxyIdentity {
    return identityOf(this.flags, mesh);
  }

  private withFlags(table: RoutingTable): RoutingTable {
    const { accessLog, accessLogEncoding, accessLogFormat } = this.flags;
    const mesh = {
      ...table.mesh,
      ...(accessLog === undefined ? {} : { accessLogFile: accessLog === '-' ? '/dev/stdout' : accessLog }),
      ...(accessLogEncoding === undefined ? {} : { accessLogEncoding: accessLogEncoding as 'text' | 'json' }),
      ...(accessLogFormat === undefined ? {} : { accessLogFormat }),
    };
    return { ...table, mesh };
  }

  private readFiles(): ReadFiles {
    try {
      return readFiles(this.paths, () => '', { anyExtension: true });
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
