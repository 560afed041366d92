// Sources of views for tests.
import { hash } from 'node:crypto';
import protobuf from 'protobufjs/minimal.js';
import type { JsonObject } from '../json.ts';
import { loadEnvoyApi } from '../proto/api.ts';
import { referencesOf, secretsOf } from './references.ts';
import { emptySet } from './set-diff.ts';
import type { ResourceSet, View, ViewSource, XdsResource } from './view.ts';

/** @param refers names that it refers to @param secrets the same of Secrets */
export function resource(name: string, content: string, refers: readonly string[] = [], secrets: readonly string[] = []): XdsResource {
  const bytes = Buffer.from(content);
  return { name, version: hash('sha1', bytes, 'hex').slice(0, 8), bytes, ...(refers.length > 0 ? { refers } : {}), ...(secrets.length > 0 ? { secrets } : {}) };
}

/** Sets by type URL, of the generation after that of `before`. One that has the same resources as that of `before` is the same object, and so is each resource. */
export class SimpleView implements View {
  readonly sets: ReadonlyMap<string, ResourceSet>;
  readonly generation: number;

  constructor(sets: Readonly<Record<string, readonly XdsResource[]>>, before?: SimpleView) {
    this.generation = before ? before.generation + 1 : 0;
    this.sets = new Map(Object.entries(sets).map(([typeUrl, resources]) => [typeUrl, keptSet(resources, before?.sets.get(typeUrl) ?? emptySet)]));
  }

  resources(typeUrl: string): ResourceSet | undefined {
    return this.sets.get(typeUrl);
  }
}

function keptSet(resources: readonly XdsResource[], before: ResourceSet): ResourceSet {
  const made = new Map(
    resources.map((one) => {
      const old = before.get(one.name);
      return [one.name, old?.version === one.version ? old : one];
    }),
  );
  return made.size === before.size && [...made].every(([name, one]) => before.get(name) === one) ? before : made;
}

/** One view for all, of Envoy's resources as JSON by type URL and name. */
export class EnvoySource implements ViewSource {
  view: SimpleView;

  constructor(resources: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>) {
    this.view = envoyView(resources);
  }

  set(resources: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>): void {
    this.view = envoyView(resources, this.view);
  }

  viewOf(): View {
    return this.view;
  }
}

function envoyView(resources: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>, before?: SimpleView): SimpleView {
  const api = loadEnvoyApi();
  const encoded = Object.entries(resources).map(([typeUrl, byName]) => [
    typeUrl,
    Object.entries(byName).map(([name, json]) => {
      const bytes = api.encode(typeUrl, json);
      return { name, version: hash('sha1', bytes, 'hex').slice(0, 8), bytes, refers: referencesOf(typeUrl, json), secrets: secretsOf(typeUrl, json) };
    }),
  ]);
  return new SimpleView(Object.fromEntries(encoded), before);
}

/** A DiscoveryResponse of the state-of-the-world variant. */
export interface SotwResponse {
  typeUrl: string;
  version: string;
  nonce: string;
  /** Contents of the resources, as text. */
  contents: string[];
}

export function decodeSotwResponse(bytes: Uint8Array): SotwResponse {
  const response: SotwResponse = { typeUrl: '', version: '', nonce: '', contents: [] };
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 10) response.version = reader.string();
    else if (tag === 34) response.typeUrl = reader.string();
    else if (tag === 42) response.nonce = reader.string();
    else response.contents.push(anyContent(reader.bytes()));
  }
  return response;
}

function anyContent(bytes: Uint8Array): string {
  const reader = protobuf.Reader.create(bytes);
  let content = '';
  while (reader.pos < reader.len) {
    if (reader.uint32() === 18) content = Buffer.from(reader.bytes()).toString();
    else reader.string();
  }
  return content;
}
