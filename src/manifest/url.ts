// What Go's net/url makes of a URL: the control plane reads URLs with it, so its rules decide what is one.
import { isIpv6 } from './ip.ts';

export interface Url {
  /** Lower case; empty for a relative reference. */
  scheme: string;
  /** As it is written, without brackets; empty when there is none. */
  host: string;
  /** Digits after the host; empty without a port. */
  port: string;
}

/** Why a text is no URL. */
export class UrlError extends Error {}

/**
 * Reads an absolute or relative URL with an optional fragment (`url.Parse`).
 *
 * @throws UrlError
 */
export function parseUrl(text: string): Url {
  const hash = text.indexOf('#');
  const url = parse(hash < 0 ? text : text.slice(0, hash), false);
  if (hash >= 0) checkEscapes(text.slice(hash + 1), 'fragment');
  return url;
}

/**
 * Reads an absolute URL or path as an HTTP request has it, without a fragment (`url.ParseRequestURI`).
 *
 * @throws UrlError
 */
export function parseRequestUrl(text: string): Url {
  return parse(text, true);
}

function parse(text: string, request: boolean): Url {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\x00-\x1f\x7f]/.test(text)) throw new UrlError('it has an invalid control character (net/url)');
  if (text === '' && request) throw new UrlError('it is empty');
  if (text === '*') return { scheme: '', host: '', port: '' };
  if (text.startsWith(':')) throw new UrlError('missing protocol scheme before the first colon');
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1] ?? '';
  let rest = scheme === '' ? text : text.slice(scheme.length + 1);
  const query = rest.indexOf('?');
  if (query >= 0) rest = rest.slice(0, query);
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { scheme: scheme.toLowerCase(), host: '', port: '' };
    if (request) throw new UrlError('it has no scheme and does not begin with a slash');
    if (rest.split('/', 1)[0]?.includes(':')) throw new UrlError('the first part of a relative URL cannot contain a colon');
  }
  let authority = { host: '', port: '' };
  if (rest.startsWith('//') && (scheme !== '' || (!request && !rest.startsWith('///')))) {
    const end = rest.indexOf('/', 2);
    authority = readAuthority(rest.slice(2, end < 0 ? undefined : end));
    rest = end < 0 ? '' : rest.slice(end);
  }
  checkEscapes(rest, 'path');
  return { scheme: scheme.toLowerCase(), ...authority };
}

type Authority = Pick<Url, 'host' | 'port'>;

function readAuthority(authority: string): Authority {
  const at = authority.lastIndexOf('@');
  const read = readHost(authority.slice(at + 1));
  if (at >= 0) {
    const user = authority.slice(0, at);
    if (!/^[\w.:~!$&'()*+,;=%@-]*$/.test(user)) throw new UrlError('it has invalid user information before the @ (net/url)');
    checkEscapes(user, 'user');
  }
  return read;
}

function readHost(host: string): Authority {
  const open = host.lastIndexOf('[');
  if (open >= 0) {
    const close = host.lastIndexOf(']');
    if (close < 0) throw new UrlError("missing ']' in its host");
    const port = checkPortPart(host.slice(close + 1));
    const address = host.slice(open + 1, close);
    const zone = address.indexOf('%25');
    checkEscapes(zone < 0 ? address : address.slice(0, zone), 'host');
    if (zone >= 0) checkEscapes(address.slice(zone), 'zone');
    if (!isIpv6(zone < 0 ? address : `${address.slice(0, zone)}%${address.slice(zone + 3)}`)) {
      throw new UrlError('what is in the brackets of its host is not an IPv6 address (ParseAddr)');
    }
    return { host: address, port };
  }
  const colon = host.lastIndexOf(':');
  const port = colon < 0 ? '' : checkPortPart(host.slice(colon));
  checkEscapes(host, 'host');
  return { host: colon < 0 ? host : host.slice(0, colon), port };
}

function checkPortPart(text: string): string {
  if (!/^(?::\d*)?$/.test(text)) throw new UrlError(`invalid port ${JSON.stringify(text)} after its host`);
  return text.slice(1);
}

type Part = 'fragment' | 'host' | 'path' | 'user' | 'zone';

/** Percent signs begin escapes; a host has few special characters, and escapes in it are for bytes beyond ASCII only. */
function checkEscapes(text: string, part: Part): void {
  const inHost = part === 'host' || part === 'zone';
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === '%') {
      const sequence = text.slice(i, i + 3);
      if (!/^%[0-9a-fA-F]{2}$/.test(sequence) || (inHost && !escapeInHost(sequence, part)))
        throw new UrlError(`invalid URL escape ${JSON.stringify(sequence)}`);
      i += 2;
    } else if (inHost && char < '\x80' && !hostCharacter.test(char)) {
      throw new UrlError(`invalid character ${JSON.stringify(char)} in its host name`);
    }
  }
}

const hostCharacter = /^[\w.~!$&'()*+,;=:[\]<>"-]$/;

function escapeInHost(sequence: string, part: Part): boolean {
  const byte = Number.parseInt(sequence.slice(1), 16);
  if (sequence === '%25') return true;
  return part === 'host' ? byte >= 0x80 : byte === 0x20 || hostCharacter.test(String.fromCharCode(byte));
}
