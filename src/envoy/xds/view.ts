import { typeUrls } from '../type-urls.ts';

/** One resource as it goes over the wire. */
export interface XdsResource {
  readonly name: string;
  /** Hash of the content: equal texts have equal versions, on every server. */
  readonly version: string;
  /** The encoded message, which is the value of the Any; its type is that of the set it is in. */
  readonly bytes: Uint8Array;
  /** What a proxy asks for when it has this one, by name; absent: nothing. See references.ts. */
  readonly refers?: readonly string[];
  /** The same of Secrets. */
  readonly secrets?: readonly string[];
}

/** Resources of one type by name. One that did not change since the last view is the same object, and so is a set without changes. */
export type ResourceSet = ReadonlyMap<string, XdsResource>;

/** What one proxy is to have. Proxies that are to have the same share one view. */
export interface View {
  /** Number of the state of the source that it is of: of a later state it is higher. */
  readonly generation: number;
  /** Made when it is first asked for; undefined where the type is not served. */
  resources(typeUrl: string): ResourceSet | undefined;
  /** Whether more of a type may come soon, so that nothing is said of it yet. Absent: never. */
  isComing?(typeUrl: string): boolean;
}

const secretless = new WeakMap<View, View>();

/** The same but for Secrets, which this proxy may not have; one object for one view. */
export function withoutSecrets(view: View): View {
  const known = secretless.get(view);
  if (known) return known;
  const made: View = { generation: view.generation, resources: (typeUrl) => (typeUrl === typeUrls.secret ? undefined : view.resources(typeUrl)) };
  secretless.set(view, made);
  return made;
}

/** `sotw`: every response holds all; `delta`: what changed only, and virtual hosts come one by one. */
export type XdsVariant = 'sotw' | 'delta';

/** Who asks, from the `node` of its first request. */
export interface XdsNode {
  id: string;
  cluster: string;
  locality: { region: string; zone: string; subzone: string };
  /** As JSON. */
  metadata: Readonly<Record<string, unknown>>;
  userAgent: string;
}

export interface ViewSource {
  /** The view at this moment. @throws XdsRefusal for a node that there is nothing for */
  viewOf(node: XdsNode, variant: XdsVariant): View;
}

/** Ends the stream with a reason that its operator can read in the log of the proxy. */
export class XdsRefusal extends Error {
  override name = 'XdsRefusal';
}

/** Ends the stream of somebody who has not proven who it is, or may not have what it asks for; `code` as in gRPC. */
export class XdsDenial extends Error {
  override name = 'XdsDenial';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
