// What is asked of those who come in to a proxy, made once for all proxies with the same policies.
import { hash } from 'node:crypto';
import type { Authorization, AuthorizationRule, AuthorizationStages } from '../../ir/authorization.ts';
import type { ProxyIdentity, Security, Status } from '../../ir/table.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import { sameItems } from '../../model/same.ts';
import { WorkloadPolicies } from '../../model/workload-policies.ts';
import { authorizationOf } from './authorization.ts';
import { askedProviders } from './external-authorizers.ts';
import type { Policy } from './policy-rules.ts';
import { authenticationOf, type JwtPolicy } from './request-authentication.ts';
import { trustDomainsOf } from './trust-domains.ts';

export interface SecurityPart {
  /** Undefined: no policy applies. */
  security: Security | undefined;
  statuses: readonly Status[];
  /** Equal for parts that say the same. */
  digest: string;
}

const nothing: SecurityPart = { security: undefined, statuses: [], digest: '' };

type Role = ProxyIdentity['role'];

interface State {
  /** Everything that the part is made of. */
  inputs: readonly unknown[];
  part: SecurityPart;
  /** Meshes since somebody wanted it. */
  idle: number;
}

/** What nobody wants is remembered for so many meshes that tables were made of. */
const mostIdle = 8;

/** Parts of all proxies of one mesh. */
export class SecurityParts {
  /** By role and names of the policies. */
  private readonly states = new Map<string, State>();
  /** By lists of policies, of which there is one for all proxies that they apply to. */
  private readonly made = new Map<readonly Resource[], Map<readonly Resource[], Partial<Record<Role, SecurityPart>>>>();
  private readonly names = new Map<readonly Resource[], string>();
  /** Parts, and what is in them, by digest: what says the same is one object. */
  private readonly equal = new Map<string, object>();

  constructor(former: SecurityParts | undefined) {
    for (const [key, state] of former?.states ?? []) {
      if (state.idle >= mostIdle) continue;
      this.states.set(key, { ...state, idle: state.idle + 1 });
      this.remember(state.part);
    }
  }

  of(mesh: Mesh, proxy: ProxyIdentity): SecurityPart {
    const policies = WorkloadPolicies.of(mesh, 'AuthorizationPolicy').appliedTo(proxy);
    const tokens = WorkloadPolicies.of(mesh, 'RequestAuthentication').appliedTo(proxy);
    if (policies.length + tokens.length === 0) return nothing;
    const ofPolicies = this.made.get(policies) ?? new Map<readonly Resource[], Partial<Record<Role, SecurityPart>>>();
    this.made.set(policies, ofPolicies);
    const ofBoth = ofPolicies.get(tokens) ?? {};
    ofPolicies.set(tokens, ofBoth);
    ofBoth[proxy.role] ??= this.partOf(mesh, proxy.role, policies, tokens);
    return ofBoth[proxy.role] as SecurityPart;
  }

  private partOf(mesh: Mesh, role: Role, policies: readonly Policy[], tokens: readonly JwtPolicy[]): SecurityPart {
    const key = `${role} ${this.namesOf(policies)} ${this.namesOf(tokens)}`;
    const providers = policies.some(({ spec }) => spec.action === 'CUSTOM') ? askedProviders(mesh) : undefined;
    const trustDomains = trustDomainsOf(mesh.meshConfig);
    const inputs = [...policies, null, ...tokens, null, ...trustDomains, providers];
    const former = this.states.get(key);
    let part = former && sameItems(former.inputs, inputs) ? former.part : undefined;
    if (!part) {
      const authorization = policies.length > 0 ? authorizationOf(policies, { trustDomains, providers: providers ?? {} }) : undefined;
      const authentication = tokens.length > 0 ? authenticationOf(tokens, role) : undefined;
      part = this.kept(authorization?.authorization, authentication?.authentication, [...(authorization?.statuses ?? []), ...(authentication?.statuses ?? [])]);
    }
    this.states.set(key, { inputs, part, idle: 0 });
    return part;
  }

  private kept(authorization: Security['authorization'], authentication: Security['authentication'], statuses: readonly Status[]): SecurityPart {
    const security: Security = {
      ...(authorization ? { authorization: this.one(authorization, authorizationDigest(authorization)) } : {}),
      ...(authentication ? { authentication: this.one(authentication, digestOf(authentication)) } : {}),
    };
    const one = authorization || authentication ? this.one(security, securityDigest(security)) : undefined;
    if (!one && statuses.length === 0) return nothing;
    const digest = hashOf([one && securityDigest(one), statuses]);
    return this.one({ security: one, statuses, digest }, digest);
  }

  private one<T extends object>(value: T, digest: string): T {
    const known = this.equal.get(digest) as T | undefined;
    if (!known) this.equal.set(digest, value);
    return known ?? value;
  }

  private remember(part: SecurityPart): void {
    const { authorization, authentication } = part.security ?? {};
    if (authorization) this.one(authorization, authorizationDigest(authorization));
    if (authentication) this.one(authentication, digestOf(authentication));
    if (part.security) this.one(part.security, securityDigest(part.security));
    this.one(part, part.digest);
  }

  private namesOf(policies: readonly Resource[]): string {
    let names = this.names.get(policies);
    if (names === undefined) {
      names = policies.map(({ namespace, name }) => `${namespace}/${name}`).join(',');
      if (names.length > longestKey) names = hash('sha1', names, 'base64url');
      this.names.set(policies, names);
    }
    return names;
  }
}

const longestKey = 64;

const digests = new WeakMap<object, string>();

function digestOf(value: object, written: (value: object) => unknown = (plain) => plain): string {
  const found = digests.get(value) ?? hashOf(written(value));
  digests.set(value, found);
  return found;
}

function hashOf(value: unknown): string {
  return hash('sha1', JSON.stringify(value), 'base64url');
}

function securityDigest(security: Security): string {
  const { authorization, authentication } = security;
  return digestOf(security, () => ['security', authorization && authorizationDigest(authorization), authentication && digestOf(authentication)]);
}

/** Of the digests of its rules: a rule is part of what many workloads have. */
function authorizationDigest(authorization: Authorization): string {
  return digestOf(authorization, () => [stagesText(authorization.http), stagesText(authorization.tcp)]);
}

function stagesText({ custom, audit, deny, allow, dryRun }: AuthorizationStages): unknown {
  const of = (rules: readonly AuthorizationRule[] | undefined): string[] | undefined => rules?.map((rule) => digestOf(rule));
  const asked = custom.map(({ provider, rules, authorizer }) => [provider, of(rules), authorizer]);
  return [asked, of(audit), of(deny), of(allow), dryRun && [of(dryRun.deny), of(dryRun.allow)]];
}
