// Cross-origin requests (RT-R100 to R104). Only forwarding routes have a policy.
import type { CorsPolicy } from '../../ir/route.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { getHeader, type Headers, overwriteHeader } from './headers.ts';
import { TextCondition } from './route-condition.ts';

export class CompiledCors {
  readonly policy: CorsPolicy;
  readonly #origins: readonly TextCondition[];
  readonly #maxAge: string;

  constructor(policy: CorsPolicy) {
    this.policy = policy;
    this.#origins = policy.allowOrigins.map((matcher) => new TextCondition(matcher));
    this.#maxAge = policy.maxAgeSeconds === undefined ? '' : String(Math.trunc(policy.maxAgeSeconds));
  }

  /** An exact `*` allows every origin (RT-R104). */
  allows(origin: string): boolean {
    for (const condition of this.#origins) if ((condition.isExact && condition.value === '*') || condition.holds(origin)) return true;
    return false;
  }

  /** Headers of the answer to a preflight. */
  preflightHeaders(request: Headers, origin: string): Headers {
    const { policy } = this;
    const headers: Headers = [];
    if (origin !== '') headers.push('access-control-allow-origin', origin);
    if (policy.allowCredentials) headers.push('access-control-allow-credentials', 'true');
    if (policy.allowMethods !== '') headers.push('access-control-allow-methods', echoed(policy.allowMethods, request, 'access-control-request-method'));
    if (policy.allowHeaders !== '') headers.push('access-control-allow-headers', echoed(policy.allowHeaders, request, 'access-control-request-headers'));
    if (this.#maxAge !== '') headers.push('access-control-max-age', this.#maxAge);
    if (origin !== '') this.addTo(headers, origin);
    return headers;
  }

  /** Headers of the response to a request of an allowed origin (RT-R103). */
  addTo(response: Headers, origin: string): void {
    overwriteHeader(response, 'access-control-allow-origin', origin);
    if (this.policy.allowCredentials) overwriteHeader(response, 'access-control-allow-credentials', 'true');
    if (this.policy.exposeHeaders !== '') overwriteHeader(response, 'access-control-expose-headers', this.policy.exposeHeaders);
  }
}

/** `*` stands for what was asked for; nothing is left empty. */
function echoed(allowed: string, request: Headers, asked: string): string {
  return allowed === '*' ? (getHeader(request, asked) ?? '') : allowed;
}

/**
 * Notes the origin that a policy allows, for the response, and answers preflights.
 *
 * @returns headers of the answer 200 to a preflight (RT-R101); undefined: the request is forwarded
 */
export function answerPreflight(cors: CompiledCors, record: ExchangeRecord): Headers | undefined {
  const origin = getHeader(record.headers, 'origin');
  if (origin === undefined || origin === '') return undefined;
  const allowed = cors.allows(origin);
  if (allowed) record.corsOrigin = origin;
  if (record.method !== 'OPTIONS') return undefined;
  const method = getHeader(record.headers, 'access-control-request-method');
  if (method === undefined || method === '') return undefined;
  if (!allowed && cors.policy.forwardUnmatchedPreflights) return undefined;
  return cors.preflightHeaders(record.headers, record.corsOrigin);
}
