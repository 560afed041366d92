// Requests and their tokens in the embedded proxy, without a socket.
import type { RequestAuthentication } from '../../src/ir/authentication.ts';
import { ExchangeRecord } from '../../src/proxy/core/exchange-record.ts';
import type { LocalReply } from '../../src/proxy/core/local-reply.ts';
import { conditionRequest, HeadPolicy } from '../../src/proxy/core/request-head.ts';
import { RequestIds } from '../../src/proxy/core/request-id.ts';
import { realClock } from '../../src/proxy/real-clock.ts';
import { Authenticator } from '../../src/proxy/security/authenticator.ts';
import type { TokenCheck } from '../../src/proxy/security/token-check.ts';
import { notCompared, type TokenOutcome, type TokenRequest } from './outcome.ts';

const policy = new HeadPolicy(
  { serverName: 'istio-envoy', useRemoteAddress: false, trustedHops: 0, forwardClientCert: 'sanitize' },
  { egress: false, pathNormalization: 'base', nodeAddress: '127.0.0.1' },
);
const connection = { id: 1, remoteAddress: '127.0.0.1', remotePort: 1, localAddress: '127.0.0.1', localPort: 80, serverName: '' };
const ids = new RequestIds((bytes) => bytes.fill(7));

export class TokenProxy {
  private readonly check: TokenCheck | undefined;
  private readonly authenticator = new Authenticator({
    clock: realClock,
    random: Math.random,
    fetch: () => Promise.reject(new Error('keys are inline here')),
  });

  constructor(authentication: RequestAuthentication) {
    this.check = this.authenticator.apply(authentication);
  }

  async ask({ method = 'GET', path = '/', headers = [] }: TokenRequest): Promise<TokenOutcome> {
    const record = new ExchangeRecord();
    // As a codec hands them over.
    const fields = headers.flatMap(([name, value]) => [name.toLowerCase(), value.replace(/^[ \t]+|[ \t]+$/g, '')]);
    const head = { method, path, authority: 'app', scheme: undefined, headers: fields, version: 'HTTP/1.1' };
    const denial = conditionRequest(head, connection, policy, ids, record) ?? (await this.judge(record));
    if (denial) return denied(denial, method);
    const sent = record.headers.flatMap((name, i) => (i % 2 === 0 && !notCompared.test(name) ? [name, record.headers[i + 1] as string] : []));
    return { status: 200, body: '', authenticate: undefined, details: 'via_upstream', upstream: { path: record.path, headers: sent, claims: record.claims } };
  }

  private judge(record: ExchangeRecord): Promise<LocalReply | undefined> {
    const { check } = this;
    return new Promise((resolve) => void (check ? check.check(record, resolve) : resolve(undefined)));
  }

  close(): void {
    this.authenticator.close();
  }
}

function denied({ status, body, details, leading }: LocalReply, method: string): TokenOutcome {
  const at = leading.indexOf('www-authenticate');
  return { status, body: method === 'HEAD' ? '' : new TextDecoder().decode(body), authenticate: at < 0 ? undefined : leading[at + 1], details };
}
