// The value of a patch has to become the message of Envoy that the patch applies to. The reference also warns of types in files
// that are frozen; version 3 of Envoy's API has none, and types of version 2 are not known at all.
import type { EnvoyFilter_ApplyTo } from '../../manifest/istio/networking.gen.ts';
import { nearest } from '../../manifest/nearest.ts';
import type { Fix, Path } from '../../manifest/problem.ts';
import { decodeEnvoy, type EnvoyError, type EnvoyUnknown } from '../envoy/decode.ts';
import { envoyFields, envoyMessageNames } from '../envoy/messages.ts';
import { untypedExtensions } from '../envoy/typed-config.ts';
import type { ProblemExtra, ProblemSink } from './validator.ts';

const messages: Partial<Record<EnvoyFilter_ApplyTo, string>> = {
  CLUSTER: 'envoy.config.cluster.v3.Cluster',
  LISTENER: 'envoy.config.listener.v3.Listener',
  FILTER_CHAIN: 'envoy.config.listener.v3.FilterChain',
  LISTENER_FILTER: 'envoy.config.listener.v3.ListenerFilter',
  NETWORK_FILTER: 'envoy.config.listener.v3.Filter',
  HTTP_FILTER: 'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter',
  ROUTE_CONFIGURATION: 'envoy.config.route.v3.RouteConfiguration',
  VIRTUAL_HOST: 'envoy.config.route.v3.VirtualHost',
  HTTP_ROUTE: 'envoy.config.route.v3.Route',
  EXTENSION_CONFIG: 'envoy.config.core.v3.TypedExtensionConfig',
  BOOTSTRAP: 'envoy.config.bootstrap.v3.Bootstrap',
};

/**
 * Errors where the value cannot become the message; else warnings about fields that the message does not have; else warnings about
 * extensions without configuration. Each time the reference tells one: the first key, shared by all, makes them one for it.
 */
export function checkPatchValue(sink: ProblemSink, path: Path, applyTo: EnvoyFilter_ApplyTo, value: Readonly<Record<string, unknown>>): void {
  const message = messages[applyTo];
  if (message === undefined) {
    sink.error(path, `applyTo ${applyTo} is nothing that a patch can apply to`, { help: `it is one of ${Object.keys(messages).join(', ')}` });
    return;
  }
  const { errors, unknown } = decodeEnvoy(message, value);
  const same = (errors[0] ?? unknown[0])?.reference;
  for (const error of errors) sink.error([...path, ...error.path], error.text, { same, ...errorHelp(error) });
  if (errors.length > 0) return;
  for (const item of unknown) {
    const names = item.fields.map((field) => JSON.stringify(field)).join(', ');
    const [noun, pronoun] = item.fields.length > 1 ? ['fields', 'them'] : ['field', 'it'];
    const text = `unknown ${noun} ${names} in ${item.where}: Istio drops ${pronoun}, so Envoy does not get ${pronoun}`;
    sink.warning([...path, ...item.path, item.fields[0] as string], text, { same, ...unknownHelp(path, item) });
  }
  if (unknown.length > 0) return;
  const untyped = untypedExtensions(message, value);
  if (untyped[0] === undefined) return;
  const names = untyped.map(({ name }) => name);
  const subject = names.map((name) => (name === '' ? 'an extension without a name' : `"${name}"`)).join(', ');
  sink.warning([...path, ...untyped[0].path], `no typed_config for ${subject}: Envoy does not find extensions by name alone`, {
    same: `typed_config ${names.join(', ')}`,
    help: typedConfigHelp(names[0] as string),
  });
}

function errorHelp({ unresolved, choices }: EnvoyError): ProblemExtra {
  if (choices) {
    return { help: choices.length <= 12 ? `it is one of ${choices.join(', ')}` : undefined };
  }
  if (unresolved === undefined) return {};
  const slash = unresolved.lastIndexOf('/');
  const name = unresolved.slice(slash + 1);
  if (/\.v2(?:alpha\d*)?\./.test(name)) return { help: 'this is a type of version 2 of the xDS API, which Envoy no longer has; use the one of version 3' };
  const near = nearest(name, envoyMessageNames());
  if (near === undefined) return { help: 'for an extension that is not built into Envoy, use type.googleapis.com/xds.type.v3.TypedStruct' };
  return { help: `perhaps it is type.googleapis.com/${near}` };
}

function unknownHelp(path: Path, { path: within, message, fields }: EnvoyUnknown): ProblemExtra {
  const [field] = fields as [string];
  const key = [...path, ...within, field];
  const known = envoyFields(message) ?? [];
  const near = nearest(
    field,
    known.map((f) => (field.includes('_') ? f.name : f.json)),
  );
  if (near !== undefined && !fields.includes(near)) {
    const fix: Fix = { title: `rename the field to "${near}"`, path: ['spec', ...key], target: 'key', text: near };
    return { help: `perhaps it is "${near}"`, fix };
  }
  if (within.length > 0) return {};
  const others = Object.entries(messages).flatMap(([applyTo, other]) => {
    return envoyFields(other)?.some((f) => f.name === field || f.json === field) ? [applyTo] : [];
  });
  return others.length > 0 ? { help: `"${field}" is a field of what ${others.join(', ')} apply to; check applyTo` } : {};
}

/** The type that belongs to the name of a filter, by Envoy's rule for both: `envoy.filters.http.lua`, `envoy.extensions.filters.http.lua.v3.Lua`. */
function typedConfigHelp(name: string): string {
  const base = 'give it typed_config with the "@type" of its configuration';
  const area = name.replace(/^envoy\./, 'envoy.extensions.').concat('.v3.');
  const word = name.slice(name.lastIndexOf('.') + 1).replaceAll('_', '');
  const type = envoyMessageNames().find((message) => message.startsWith(area) && message.slice(area.length).toLowerCase() === word);
  return type === undefined ? base : `${base}: type.googleapis.com/${type}`;
}
