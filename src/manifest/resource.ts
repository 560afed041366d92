import type { Path } from './problem.ts';

/** One text that was read: a file, or stdin under the name `-`. */
export interface SourceText {
  /** As the user would write it: relative to where the command runs, or `-`. */
  readonly name: string;
  readonly text: string;
  /** The name ends in `.json`: the reference prints no lines for these. */
  readonly json: boolean;
  /** Some bytes were not UTF-8; each run of them is U+FFFD in the text. */
  readonly damaged?: boolean;
}

/** One YAML document of a source text. Offsets count UTF-16 units. */
export interface SourceDocument {
  readonly source: SourceText;
  /** Zero-based place among the documents of the source that are not empty. */
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** A document of a cluster's API: what every kind has in common. */
export interface RawObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: unknown;
  status?: unknown;
  [key: string]: unknown;
}

const none: Readonly<Record<string, string>> = Object.freeze({});

/** A resource and where it was written. The object is read-only for everyone after it was decoded. */
export class Resource<Spec = unknown> {
  readonly raw: RawObject;
  /** The name of the kind in this tool: `VirtualService`, `gateway-api/Gateway`; see kinds.ts. Empty for kinds not known. */
  readonly kindName: string;
  readonly name: string;
  readonly namespace: string;
  /** Absent for what was not written anywhere: defaults, and resources of a cluster. */
  readonly document: SourceDocument | undefined;
  /** Where in the document the object is: empty, or `['items', 2]` in a List. */
  readonly within: Path;

  constructor(raw: RawObject, kindName: string, namespace: string, document: SourceDocument | undefined, within: Path = []) {
    this.raw = raw;
    this.kindName = kindName;
    this.name = raw.metadata.name ?? '';
    this.namespace = namespace;
    this.document = document;
    this.within = within;
  }

  get kind(): string {
    return this.raw.kind;
  }
  get apiVersion(): string {
    return this.raw.apiVersion;
  }
  get labels(): Readonly<Record<string, string>> {
    return this.raw.metadata.labels ?? none;
  }
  get annotations(): Readonly<Record<string, string>> {
    return this.raw.metadata.annotations ?? none;
  }
  get spec(): Spec {
    return (this.raw.spec ?? none) as Spec;
  }
  /** `namespace/name`, or the name alone without a namespace. */
  get fullName(): string {
    return this.namespace === '' ? this.name : `${this.namespace}/${this.name}`;
  }
  /** `VirtualService shop/cart`, as reports name it. */
  get friendlyName(): string {
    return `${this.kind} ${this.fullName}`;
  }
}
