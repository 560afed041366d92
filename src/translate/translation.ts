import type { HashPolicy } from '../ir/route.ts';
import type { Destination } from '../manifest/istio/networking.gen.ts';
import type { MergedRule } from '../model/destination-rules.ts';
import type { Mesh } from '../model/mesh.ts';
import type { MeshService } from '../model/services.ts';
import { EffectiveRules } from './clusters/effective-rule.ts';
import { hashOfDestination } from './hash-policies.ts';
import type { ProxyScope } from './proxy-scope.ts';
import { type ProxySettings, proxySettings } from './proxy-settings.ts';
import { Statuses } from './statuses.ts';

/** What every part of a table's making needs, made once for a proxy. */
export class Translation {
  readonly mesh: Mesh;
  readonly scope: ProxyScope;
  readonly settings: ProxySettings;
  readonly statuses = new Statuses();
  private readonly byHost: ReadonlyMap<string, MeshService>;
  private readonly rules: EffectiveRules;

  constructor(mesh: Mesh, scope: ProxyScope) {
    this.mesh = mesh;
    this.scope = scope;
    this.settings = mesh.memo('settings of proxies', ['MeshConfig'], () => proxySettings(mesh));
    this.rules = new EffectiveRules(mesh, scope.proxy);
    this.byHost = new Map(scope.services.map((service) => [service.host, service]));
  }

  /** The service of a host that the proxy has clusters for. */
  serviceOf(host: string): MeshService | undefined {
    return this.byHost.get(host);
  }

  /** The destination rule that the proxy has for a service. */
  ruleOf(service: MeshService): MergedRule | undefined {
    return this.rules.of(service);
  }

  /** The same, of a host. */
  ruleAt(host: string): MergedRule | undefined {
    const service = this.byHost.get(host);
    return service && this.ruleOf(service);
  }

  hashOf(destination: Destination): HashPolicy | undefined {
    const service = this.byHost.get(destination.host ?? '');
    return service && hashOfDestination(this.ruleOf(service), destination);
  }
}
