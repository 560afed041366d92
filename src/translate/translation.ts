// What every part of a table's making needs, and what each part asked for.
import type { HashPolicy } from '../ir/route.ts';
import type { MeshConfig } from '../manifest/istio/mesh.gen.ts';
import type { Destination } from '../manifest/istio/networking.gen.ts';
import { Endpoints, type ServiceEndpoint } from '../model/endpoints.ts';
import type { Labels } from '../model/label-index.ts';
import type { Mesh } from '../model/mesh.ts';
import { matchesLabels } from '../model/selectors.ts';
import { type MeshPort, type MeshService, Services } from '../model/services.ts';
import { type EffectiveRule, effectiveRule } from './clusters/effective-rule.ts';
import { hashOfDestination } from './hash-policies.ts';
import type { ProxyScope } from './proxy-scope.ts';
import { type ProxySettings, proxySettings } from './proxy-settings.ts';
import type { ProxyView } from './proxy-view.ts';
import type { ServiceRules } from './service-rules.ts';
import { Statuses } from './statuses.ts';

/** Services of an HTTP port, as a listener sees them. */
export interface ServicesAtPort {
  /** Those that routes are for. */
  services: ReadonlyMap<string, MeshService>;
  /** Other names of services (SEL-R55). */
  aliases: ReadonlyMap<string, MeshService>;
}

/** What is asked about, and the question. */
interface Questions {
  /** A host that the proxy has clusters for. */
  service: string;
  rule: MeshService;
  /** A host at the port, whether it is a service or another name of one. */
  atPort: string;
  /** A host that is a service at the port. */
  ownAtPort: string;
  endpoints: { service: MeshService; port: MeshPort };
  /** Whether the proxy is in a namespace. */
  namespace: string;
  /** Whether the proxy has labels. */
  labels: Labels;
}

/** Questions with what was asked about and the answers, one after the other. */
export type Asked = readonly unknown[];

/** What was asked about the proxy itself. */
export function aboutProxy(asked: Asked): unknown[] {
  const out: unknown[] = [];
  for (let i = 0; i < asked.length; i += 3) if (asked[i] === 'namespace' || asked[i] === 'labels') out.push(asked[i], asked[i + 1], asked[i + 2]);
  return out;
}

/** The mesh as one kind of proxy sees it. */
export class Outlook {
  readonly mesh: Mesh;
  readonly scope: ProxyScope;
  readonly known: ServiceRules;
  readonly settings: ProxySettings;
  private readonly services: Services;

  constructor(mesh: Mesh, scope: ProxyScope, known: ServiceRules) {
    this.mesh = mesh;
    this.scope = scope;
    this.known = known;
    this.settings = mesh.memo('proxy settings', ['MeshConfig'], () => proxySettings(mesh));
    this.services = Services.of(mesh);
  }

  get view(): ProxyView {
    return this.scope.view;
  }

  /** Names of services that stand for another one, by its host: the same map as long as they are the same. */
  get aliases(): ReadonlyMap<string, readonly MeshService[]> {
    return this.services.aliases();
  }

  answer(question: keyof Questions, about: unknown, atPort: ServicesAtPort | undefined): unknown {
    switch (question) {
      case 'service':
        return this.known.serviceOf(about as string);
      case 'rule':
        return this.ruleOf(about as MeshService);
      case 'atPort':
        return atPort?.services.get(about as string) ?? atPort?.aliases.get(about as string);
      case 'ownAtPort':
        return atPort?.services.get(about as string);
      case 'endpoints': {
        const { service, port } = about as Questions['endpoints'];
        return Endpoints.of(this.mesh).at(service, port);
      }
      case 'namespace':
        return about === this.view.namespace;
      case 'labels':
        return matchesLabels(about as Labels, this.view.labels);
    }
  }

  /** Whether everything that was asked has the same answer here. */
  agrees(asked: Asked, atPort?: ServicesAtPort): boolean {
    for (let i = 0; i < asked.length; i += 3) {
      if (this.answer(asked[i] as keyof Questions, asked[i + 1], atPort) !== asked[i + 2]) return false;
    }
    return true;
  }

  isKnown(service: MeshService): boolean {
    return this.known.serviceOf(service.host)?.namespace === service.namespace;
  }

  private ruleOf(service: MeshService): EffectiveRule | undefined {
    const place = this.known.placeOf(service.host);
    if (place !== undefined && this.known.services[place]?.namespace === service.namespace) return this.known.rules[place];
    return effectiveRule(this.mesh, this.view, service);
  }
}

const longestSearched = 60;

/** The making of one part of a table. Parts depend on their inputs and on the answers that they got here, and on nothing else. */
export class Translation {
  readonly statuses = new Statuses();
  readonly asked: unknown[] = [];
  private readonly outlook: Outlook;
  private readonly atPort: ServicesAtPort | undefined;
  private readonly known: boolean;

  /**
   * @param atPort for routes of a port
   * @param known the services of the proxy, with their rules, are among the inputs of the part: they are not asked for
   */
  constructor(outlook: Outlook, { atPort, known }: { atPort?: ServicesAtPort; known: boolean }) {
    this.outlook = outlook;
    this.atPort = atPort;
    this.known = known;
  }

  get settings(): ProxySettings {
    return this.outlook.settings;
  }

  get meshConfig(): MeshConfig {
    return this.outlook.mesh.meshConfig;
  }

  private ask<Q extends keyof Questions>(question: Q, about: Questions[Q]): unknown {
    const { asked } = this;
    // To answer twice is no harm, and to search a long list is.
    if (asked.length < longestSearched) {
      for (let i = 0; i < asked.length; i += 3) if (asked[i] === question && asked[i + 1] === about) return asked[i + 2];
    }
    const answer = this.outlook.answer(question, about, this.atPort);
    asked.push(question, about, answer);
    return answer;
  }

  /** Names of services that stand for another one, by its host; to be among the inputs of parts that read it. */
  get aliases(): ReadonlyMap<string, readonly MeshService[]> {
    return this.outlook.aliases;
  }

  /** The service of a host that the proxy has clusters for. */
  serviceOf(host: string): MeshService | undefined {
    return (this.known ? this.outlook.answer('service', host, undefined) : this.ask('service', host)) as MeshService | undefined;
  }

  /** The destination rule that the proxy has for a service. */
  ruleOf(service: MeshService): EffectiveRule | undefined {
    const known = this.known && this.outlook.isKnown(service);
    return (known ? this.outlook.answer('rule', service, undefined) : this.ask('rule', service)) as EffectiveRule | undefined;
  }

  hashOf(destination: Destination): HashPolicy | undefined {
    const service = this.serviceOf(destination.host ?? '');
    return service && hashOfDestination(this.ruleOf(service), destination);
  }

  serviceAtPort(host: string): MeshService | undefined {
    return this.ask('atPort', host) as MeshService | undefined;
  }

  /** As `serviceAtPort`, without other names of services. */
  ownServiceAtPort(host: string): MeshService | undefined {
    return this.ask('ownAtPort', host) as MeshService | undefined;
  }

  endpointsAt(service: MeshService, port: MeshPort): readonly ServiceEndpoint[] {
    return this.ask('endpoints', { service, port }) as readonly ServiceEndpoint[];
  }

  /** Whether a condition on the proxy's namespace holds; there may be none. */
  isIn(namespace: string | undefined): boolean {
    return !namespace || this.ask('namespace', namespace) === true;
  }

  /** Whether a condition on the proxy's labels holds; there may be none. */
  hasLabels(labels: Labels | undefined): boolean {
    if (!labels || Object.keys(labels).length === 0) return true;
    return this.ask('labels', labels) === true;
  }
}
