import type { VmConfig, WasmPlugin, WasmPlugin_TrafficSelector } from '../../manifest/istio/extensions.gen.ts';
import { parseRequestUrl, parseUrl, type Url, UrlError } from '../../manifest/url.ts';
import { isPort, itemsOf } from './primitives.ts';
import { checkTargets } from './target-reference.ts';
import type { ProblemSink, Validator } from './validator.ts';

export const validateWasmPlugin: Validator<WasmPlugin> = (spec, sink) => {
  checkTargets(sink, spec);
  checkUrl(sink, spec.url);
  checkDigest(sink, spec.sha256);
  checkLength(sink, 'imagePullSecret', spec.imagePullSecret, 253, 'the longest name that a Secret can have');
  // The reference says 255 and accepts 256.
  checkLength(sink, 'pluginName', spec.pluginName, 256, 'use 255 at most');
  checkEnvironment(sink, spec.vmConfig);
  checkMatch(sink, spec.match);
};

const schemes = new Set(['', 'file', 'http', 'https', 'oci']);

function checkUrl(sink: ProblemSink, text = ''): void {
  if (text === '') {
    sink.error(['url'], 'a WasmPlugin needs a url, and it has none', { help: 'say where the module is, such as oci://registry.example/filter:1.0' });
    return;
  }
  const quoted = JSON.stringify(text);
  try {
    const { scheme } = readUrl(text);
    if (schemes.has(scheme)) return;
    sink.error(['url'], `url ${quoted} has the scheme ${scheme}, and modules are fetched over oci, https, http and file only`, { same: `scheme ${scheme}` });
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    sink.error(['url'], `url ${quoted} is not a URL: ${error.message}`);
  }
}

/** A url without a scheme is the address of an OCI image: `registry.example/filter:1.0`. */
function readUrl(text: string): Url {
  let url: Url;
  let full = text;
  try {
    url = parseRequestUrl(text);
  } catch (error) {
    full = `http://${text}`;
    try {
      url = parseRequestUrl(full);
    } catch {
      throw error;
    }
  }
  parseUrl(full);
  return url;
}

function checkDigest(sink: ProblemSink, digest = ''): void {
  if (digest === '' || /^[a-f0-9]{64}$/.test(digest)) return;
  const length = Buffer.byteLength(digest);
  if (length !== 64) sink.error(['sha256'], `sha256 is 64 characters long, and this one has ${length}`, { same: 'sha256 length' });
  else sink.error(['sha256'], 'sha256 is written in lower-case hexadecimal: [a-f0-9]{64}', { same: 'sha256 characters' });
}

function checkLength(sink: ProblemSink, field: 'imagePullSecret' | 'pluginName', value = '', most: number, why: string): void {
  const length = Buffer.byteLength(value);
  if (length > most) sink.error([field], `${field} has ${length} characters, which is more than ${most}: ${why}`, { same: `${field} length` });
}

function checkEnvironment(sink: ProblemSink, vmConfig: VmConfig | undefined): void {
  const names = new Set<string>();
  let first: string | undefined;
  // The reference stops at the first bad variable, so there the others count as that one.
  const report = (i: number, field: string, text: string, same: string): void => {
    first ??= same;
    sink.error(['vmConfig', 'env', i, field], text, { same: first });
  };
  itemsOf(vmConfig?.env).forEach(({ name = '', value = '', valueFrom = 'INLINE' }, i) => {
    if (name === '') report(i, 'name', `a variable of spec.vmConfig.env has no name`, 'env name');
    else if (Buffer.byteLength(name) > 256)
      report(i, 'name', `env.name has ${Buffer.byteLength(name)} characters, which is too long: use 255 at most`, 'env name length');
    else if (names.has(name)) report(i, 'name', `vmConfig.env has the variable ${name} twice`, 'env twice');
    else if (valueFrom !== 'INLINE' && value !== '') {
      report(i, 'value', `the variable ${name} has a value, and its valueFrom is ${valueFrom}: only INLINE takes the value from here`, 'env value');
    }
    names.add(name);
  });
}

function checkMatch(sink: ProblemSink, match: WasmPlugin['match']): void {
  let first: string | undefined;
  itemsOf<WasmPlugin_TrafficSelector>(match).forEach((selector, i) => {
    itemsOf(selector.ports).forEach(({ number = 0 }, k) => {
      if (isPort(number)) return;
      first ??= `match ${i} port ${k} ${number}`;
      // As with the environment, one for the reference.
      sink.error(['match', i, 'ports', k, 'number'], `spec.Match[${i}].Ports[${k}] has the number ${number}; ports go from 1 to 65535`, { same: first });
    });
  });
}
