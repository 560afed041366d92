// What the policies of one side say of a request: as the simulator has it, which asks what the proxy asks.
import { ruleOfName } from '../../ir/authorization.ts';
import type { Security } from '../../ir/table.ts';
import type { Admission, UnknownPart } from '../../simulate/admission/admission.ts';
import { Gate } from '../../simulate/admission/gate.ts';
import { nothingVerified } from '../../simulate/admission/tokens.ts';
import { claimsOf, type Draft, recordOf } from './parts.ts';

export interface Decider {
  decide(draft: Draft): Admission | undefined;
}

const known: ReadonlySet<UnknownPart> = new Set();

export interface DeciderOptions {
  protocol: 'http' | 'tcp';
  /** Of requests that name none. */
  host: string;
  /** What a token has besides. */
  token: Readonly<Record<string, unknown>>;
}

/** @param security undefined: everybody may come in */
export function deciderOf(security: Security | undefined, { protocol, host, token }: DeciderOptions): Decider {
  const gate = security && new Gate(security);
  return {
    decide(draft) {
      const record = recordOf(draft, host);
      if (protocol === 'tcp') return gate?.connection(record, { unknown: known });
      return gate?.request(record, { unknown: known, tokens: nothingVerified, claims: claimsOf(draft, token), isRouted: true }).admission;
    },
  };
}

/** Equal where the same becomes of a request: who says so does not matter. */
export function fateKey(admission: Admission | undefined): string {
  if (!admission || admission.verdict === 'allowed') return 'allowed';
  return admission.verdict === 'asked' ? JSON.stringify(admission.asked.map(({ provider }) => provider)) : admission.verdict;
}

/** `allowed`, `denied with 403 by deny-post.shop`, `denied with 401: Jwt is expired`, `as opa says` */
export function fateText(admission: Admission | undefined): string {
  if (!admission) return 'allowed';
  const { verdict, by, rule, token, asked, protocol } = admission;
  const decided = ruleOfName(rule?.name ?? '');
  const named = decided ? ` by ${decided.policy}.${decided.namespace}` : '';
  switch (verdict) {
    case 'allowed':
      return `allowed${named}`;
    case 'asked':
      return `as ${asked.map(({ provider }) => provider).join(', ')} says`;
    case 'unknown':
      return 'not to be told';
    case 'denied':
      if (by === 'token' && token?.kind === 'refused') return `denied with ${token.status}: ${token.text}`;
      return `denied${protocol === 'http' ? ' with 403' : ''}${by === 'allow' ? ' as no rule allows it' : named}`;
  }
}
