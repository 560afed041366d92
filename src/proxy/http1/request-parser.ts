import { all, authorityBytes, targetBytes } from './characters.ts';
import { type MessageLimits, MessageParser, type MessageSink } from './message-parser.ts';
import { errors, type ProtocolError } from './protocol-error.ts';

/** As Envoy without custom methods: others, and these in lower case, are refused. */
const methods = new Set([
  ...'ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE MSEARCH NOTIFY OPTIONS PATCH'.split(' '),
  ...'POST PROPFIND PROPPATCH PURGE PUT REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE'.split(' '),
]);

/** Methods of almost all requests, at their first byte and length. */
const common: (string | undefined)[] = new Array(2048).fill(undefined);
for (const name of ['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'PATCH', 'OPTIONS']) common[name.charCodeAt(0) * 16 + name.length] = name;

const version11 = Buffer.from(' HTTP/1.1\r\n', 'latin1');
const longestCommon = 7;
const SP = 32;
const SLASH = 47;

/** Requests of HTTP/1.1 and older; what is refused and why is in docs/http1-strictness.md. */
export class RequestParser extends MessageParser {
  method = '';
  /** Origin form, `*`, or empty for CONNECT. */
  path = '';
  /** Of the target where it names one, else of the host headers (SEL-R61). */
  authority: string | undefined = undefined;
  /** `HTTP/1.0` and not only older than 1.1. */
  version10 = false;
  /** CONNECT, or an upgrade of the kinds that are passed on: what follows the head has no framing. */
  raw = false;
  private readonly upgradeTypes: readonly string[];
  private targetAuthority: string | undefined = undefined;
  private targetStart = 0;
  private targetEnd = 0;

  /** @param upgradeTypes in lower case (RT-R48) */
  constructor(sink: MessageSink, limits: MessageLimits, upgradeTypes: readonly string[]) {
    super(sink, limits);
    this.upgradeTypes = upgradeTypes;
  }

  protected override mayStartWith(byte: number): boolean {
    return (byte >= 65 && byte <= 90) || byte === 13;
  }

  protected override scanStartLine(buffer: Buffer, start: number, end: number): number {
    if (end - start < 16) return -1;
    let at = start + 3;
    while (at - start <= longestCommon && buffer[at] !== SP) at++;
    const method = common[(buffer[start] as number) * 16 + at - start];
    if (method === undefined || buffer[at + 1] !== SLASH) return -1;
    for (let i = 1; i < method.length; i++) if (buffer[start + i] !== method.charCodeAt(i)) return -1;
    this.method = method;
    this.targetStart = ++at;
    while (at < end && targetBytes[buffer[at] as number] === 1) at++;
    this.targetEnd = at;
    if (at + version11.length > end) return -1;
    for (let i = 0; i < version11.length; i++) if (buffer[at + i] !== version11[i]) return -1;
    return at + version11.length;
  }

  protected override takeStartLine(text: string, offset: number): void {
    this.path = text.substring(this.targetStart - offset, this.targetEnd - offset);
    this.targetAuthority = undefined;
    this.minorVersion = 1;
  }

  protected override parseStartLine(line: string): ProtocolError | undefined {
    const methodEnd = line.indexOf(' ');
    const targetEnd = line.lastIndexOf(' ');
    if (methodEnd <= 0 || targetEnd <= methodEnd) return errors.startLine;
    const method = line.slice(0, methodEnd);
    if (!methods.has(method)) return errors.method;
    const target = line.slice(methodEnd + 1, targetEnd);
    if (target === '' || !all(targetBytes, target)) return errors.target;
    const version = line.slice(targetEnd + 1);
    if (!isVersion(version)) return errors.version;
    this.method = method;
    this.minorVersion = version === 'HTTP/1.1' ? 1 : 0;
    this.version10 = version === 'HTTP/1.0';
    return this.takeTarget(method, target) ? undefined : errors.targetForm;
  }

  private takeTarget(method: string, target: string): boolean {
    this.targetAuthority = undefined;
    this.path = target;
    if (method === 'CONNECT') {
      this.targetAuthority = target;
      this.path = '';
      return all(authorityBytes, target) && hasPort(target);
    }
    if (target.charCodeAt(0) === SLASH) return true;
    if (target === '*') return method === 'OPTIONS';
    const scheme = target.slice(0, 8).toLowerCase();
    const start = scheme.startsWith('http://') ? 7 : scheme === 'https://' ? 8 : 0;
    if (start === 0) return false;
    let end = start;
    while (end < target.length && !'/?#'.includes(target.charAt(end))) end++;
    const authority = target.slice(start, end);
    if (authority === '' || !all(authorityBytes, authority)) return false;
    this.targetAuthority = authority;
    const rest = target.slice(end);
    if (rest === '') this.path = method === 'OPTIONS' ? '*' : '/';
    else this.path = rest.charCodeAt(0) === SLASH ? rest : `/${rest}`;
    return true;
  }

  protected override frame(): ProtocolError | undefined {
    this.authority = this.targetAuthority ?? this.host;
    const { chunked, contentLength } = this;
    this.raw = false;
    if (chunked) {
      if (contentLength >= 0) return errors.lengthAndChunked;
      if (this.minorVersion === 0) return errors.transferEncodingVersion;
    }
    const connect = this.method === 'CONNECT';
    if (connect || (this.upgrades && this.upgrade !== '' && this.upgradeTypes.includes(this.upgrade.toLowerCase()))) {
      if (chunked || contentLength > 0) return connect ? errors.connectBody : errors.bodyNotAllowed;
      this.raw = true;
      this.rawFollows();
    } else if (chunked) this.bodyOfChunks();
    else this.bodyOfLength(Math.max(0, contentLength));
    return undefined;
  }
}

function isVersion(text: string): boolean {
  return text.length === 8 && text.startsWith('HTTP/') && isDigit(text.charCodeAt(5)) && text.charCodeAt(6) === 46 && isDigit(text.charCodeAt(7));
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** CONNECT names a port always (RFC 9110, 9.3.6). */
function hasPort(authority: string): boolean {
  const colon = authority.lastIndexOf(':');
  const digits = authority.length - colon - 1;
  if (colon <= 0 || digits === 0 || digits > 5) return false;
  for (let i = colon + 1; i < authority.length; i++) if (!isDigit(authority.charCodeAt(i))) return false;
  return true;
}
