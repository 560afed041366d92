// Requests that show what changes of policies do: for each rule that comes or goes one, with what becomes of it on both sides.
import type { AuthorizationRule, AuthorizationStages } from '../../ir/authorization.ts';
import type { ProxyIdentity, Security } from '../../ir/table.ts';
import type { AccessExample } from '../change.ts';
import type { AskedPolicies } from '../security.ts';
import { deciderOf, fateText } from './deciders.ts';
import { audiencePart, claimsOf, type Draft, headerOf, issuerPart, subjectPart, textOf, usual, type Value } from './parts.ts';
import { Pool } from './pool.ts';
import { Budget, findDraft, type Sides } from './search.ts';

/** Requests that are tried for all changes of two meshes together. */
const inAll = 20_000;
/** Of rules that say nothing of what changed so many give values. */
const mostRules = 200;
/** Of one change so many are told. */
const mostExamples = 4;

/** What one change of policies is about. */
export interface AccessChange extends AskedPolicies {
  proxy: ProxyIdentity;
}

/** Looks for the examples of one comparison: what is found of one workload is not looked for again at others that have the same policies. */
export class AccessExamples {
  private readonly budget = new Budget(inAll);
  private readonly known = new Map<string, AccessExample[] | undefined>();

  /** Empty: no request was found that is decided otherwise. Undefined: it was not looked for, as there is too much that changes. */
  of(change: AccessChange): AccessExample[] | undefined {
    const host = hostOf(change.proxy);
    // Where nobody asks for the host, what is found of one workload is so of all with the same policies.
    const asksForHost = /"kind":"host"|"name":"(?::authority|host)"/i.test(change.key);
    const key = JSON.stringify([change.protocol, change.rules.length, asksForHost ? host : '', change.key]);
    if (!this.known.has(key)) this.known.set(key, this.find(change));
    return this.known.get(key)?.map((example) => ({ ...example, request: { ...example.request, host: example.request.host || host } }));
  }

  private find(change: AccessChange): AccessExample[] | undefined {
    if (this.budget.left <= 0) return undefined;
    const sides = sidesOf(change);
    const found = new Map<string, AccessExample>();
    let looked = true;
    for (const rule of change.rules.length > 0 ? change.rules : [undefined]) {
      if (found.size >= mostExamples) break;
      const draft = findDraft(sides, rule, this.budget);
      if (draft) {
        const example = exampleOf(draft, change.protocol, sides);
        found.set(JSON.stringify(example), example);
      }
      if (this.budget.left <= 0) {
        looked = false;
        break;
      }
    }
    // What no rule allows is not about a rule.
    if (found.size === 0 && looked && change.rules.length > 0) {
      const draft = findDraft(sides, undefined, this.budget);
      if (draft) return [exampleOf(draft, change.protocol, sides)];
    }
    return found.size > 0 || looked ? [...found.values()] : undefined;
  }
}

function hostOf({ name, namespace }: ProxyIdentity): string {
  return name === '' ? namespace : `${name}.${namespace}`;
}

function sidesOf({ old, new: now, protocol, rules, proxy }: AccessChange): Sides {
  const pool = new Pool();
  pool.add(rules.map(({ rule }) => rule));
  const stages = [old, now].flatMap((security) => (security?.authorization ? [security.authorization[protocol]] : []));
  pool.add(stages.flatMap(allRules).slice(0, mostRules));
  if (protocol === 'http') addTokens(pool, [old, now]);
  const token = usualToken(old, now);
  const options = { protocol, host: hostOf(proxy), token };
  return { old: deciderOf(old, options), new: deciderOf(now, options), pool, token, allowing: [...new Set(stages.flatMap(({ allow = [] }) => allow))] };
}

function allRules({ custom, deny, allow = [] }: AuthorizationStages): AuthorizationRule[] {
  return [...custom.flatMap(({ rules }) => rules), ...deny, ...allow];
}

/** What a token has that both sides take, where there is one. */
function usualToken(old: Security | undefined, now: Security | undefined): Sides['token'] {
  const [before = [], after = []] = [old, now].map((security) => security?.authentication?.providers ?? []);
  const provider = before.find(({ issuer }) => after.some((one) => one.issuer === issuer)) ?? after[0] ?? before[0];
  if (!provider) return {};
  const [audience] = provider.audiences;
  return { iss: provider.issuer || 'https://issuer.example.com', ...(audience === undefined ? {} : { aud: audience }) };
}

/** Tokens that the rules for tokens take, and one that none takes. */
function addTokens(pool: Pool, sides: readonly (Security | undefined)[]): void {
  const providers = sides.flatMap((security) => security?.authentication?.providers ?? []);
  if (providers.length === 0) return;
  pool.addValues(issuerPart, [...providers.map(({ issuer }) => issuer || 'https://issuer.example.com'), 'https://other.example.com']);
  pool.addValues(subjectPart, ['somebody']);
  const audiences = providers.flatMap((provider) => provider.audiences);
  if (audiences.length > 0) pool.addValues(audiencePart, [...audiences, 'other']);
}

/** Without a host where none matters. */
function exampleOf(draft: Draft, protocol: AccessChange['protocol'], { old, new: now, token }: Sides): AccessExample {
  const headers = [...draft].flatMap(([part, value]): [string, string][] => {
    const name = headerOf(part);
    return name === undefined || value === undefined ? [] : [[name, String(value)]];
  });
  const claims = claimsOf(draft, token);
  const port = draft.get('destination-port') as number | undefined;
  const named = (name: string, value: Value): object => (value === undefined || value === '' ? {} : { [name]: value });
  return {
    request: {
      kind: protocol,
      method: protocol === 'tcp' ? '' : textOf(draft, 'method') || usual.method,
      host: textOf(draft, 'host'),
      path: protocol === 'tcp' ? '' : textOf(draft, 'path') || usual.path,
      ...(port === undefined ? {} : { port }),
      ...(headers.length > 0 ? { headers } : {}),
      ...(claims ? { claims } : {}),
    },
    from: {
      ...named('principal', draft.get('peer')),
      ...named('sourceIp', draft.get('source-ip')),
      ...named('remoteIp', draft.get('remote-ip')),
      ...named('serverName', draft.get('server-name')),
      ...named('destinationIp', draft.get('destination-ip')),
    },
    old: fateText(old.decide(draft)),
    new: fateText(now.decide(draft)),
  };
}
