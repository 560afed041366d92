import type { RoutingTable } from '../../ir/table.ts';
import type { EndpointOverride } from '../../model/endpoint-overrides.ts';
import { routingTable } from '../../translate/table.ts';
import { type ManifestFlags, parseOverride } from './flags.ts';
import { identityOf } from './identity.ts';
import { MeshReader, type ReadingCommand, type ReadMesh } from './mesh-reader.ts';
import { checkOverrides } from './overrides.ts';

/** What the manifests say of one proxy at one moment. */
export interface Manifests extends ReadMesh {
  /** Undefined when something in the input is broken. */
  table: RoutingTable | undefined;
}

/** Reads the manifests again and again, and makes the routing table of one proxy. */
export class ManifestReader {
  private readonly flags: ManifestFlags;
  private readonly overrides: readonly EndpointOverride[];
  private readonly reader: MeshReader;
  private checked = false;

  /**
   * @param command as of MeshReader; each that makes the table of one proxy reads clusters, too
   * @throws CliError (usage) for flags that make no sense
   */
  constructor(flags: ManifestFlags, command: Omit<ReadingCommand, 'cluster'> = { name: 'weft proxy run' }) {
    this.flags = flags;
    this.overrides = (flags.map ?? []).map((text) => parseOverride(text));
    this.reader = new MeshReader(flags, { ...command, cluster: true });
  }

  /** All directories and files that decide, for whoever watches them. */
  get files(): readonly string[] {
    return this.reader.files;
  }

  /** @throws CliError for input that is not there */
  async read(): Promise<Manifests> {
    const read = await this.reader.read();
    if (read.broken.length > 0) return { ...read, table: undefined };
    const { mesh, namespace } = read;
    const identity = identityOf(namespace === undefined ? this.flags : { ...this.flags, namespace }, mesh);
    const table = withAccessLog(routingTable(mesh, identity, { overrides: this.overrides }), this.flags);
    // A later version of the manifests may well have what is served from here no longer.
    if (!this.checked) checkOverrides(this.overrides, mesh, table);
    this.checked = true;
    return { ...read, table };
  }
}

/** The table with the access log that the flags ask for. */
export function withAccessLog(
  table: RoutingTable,
  { accessLog, accessLogEncoding, accessLogFormat }: Pick<ManifestFlags, 'accessLog' | 'accessLogEncoding' | 'accessLogFormat'>,
): RoutingTable {
  const mesh = {
    ...table.mesh,
    ...(accessLog === undefined ? {} : { accessLogFile: accessLog === '-' ? '/dev/stdout' : accessLog }),
    ...(accessLogEncoding === undefined ? {} : { accessLogEncoding: accessLogEncoding as 'text' | 'json' }),
    ...(accessLogFormat === undefined ? {} : { accessLogFormat }),
  };
  return { ...table, mesh };
}
