import type { MetricFamily } from './metric-snapshot.ts';

/** What the policies of one filter chain decided; those who decide change the fields. Names are those of Envoy's filters. */
export class AuthorizationCounters {
  /** Of every stage that had policies and let the request pass. */
  allowed = 0;
  denied = 0;
  /** An AUDIT policy holds, or none of them. */
  logged = 0;
  notLogged = 0;
  /** What policies with `istio.io/dry-run` would have done. */
  dryRunDenyAllowed = 0;
  dryRunDenyDenied = 0;
  dryRunAllowAllowed = 0;
  dryRunAllowDenied = 0;
  /** Answers of services that were asked. */
  askedAllowed = 0;
  askedDenied = 0;
  /** There was no answer; `askedFailOpen`: and the request went on. */
  askedError = 0;
  askedFailOpen = 0;
}

const stats: readonly (readonly [keyof AuthorizationCounters, string])[] = [
  ['allowed', 'rbac.allowed'],
  ['denied', 'rbac.denied'],
  ['logged', 'rbac.logged'],
  ['notLogged', 'rbac.not_logged'],
  ['dryRunDenyAllowed', 'rbac.istio_dry_run_deny_shadow_allowed'],
  ['dryRunDenyDenied', 'rbac.istio_dry_run_deny_shadow_denied'],
  ['dryRunAllowAllowed', 'rbac.istio_dry_run_allow_shadow_allowed'],
  ['dryRunAllowDenied', 'rbac.istio_dry_run_allow_shadow_denied'],
  ['askedAllowed', 'ext_authz.ok'],
  ['askedDenied', 'ext_authz.denied'],
  ['askedError', 'ext_authz.error'],
  ['askedFailOpen', 'ext_authz.failure_mode_allowed'],
];

/** Of connections without HTTP, which Envoy counts together. */
export const tcpAuthorization = '';

/** Counters of all filter chains that have policies. */
export class AuthorizationMetrics {
  private readonly counters = new Map<string, AuthorizationCounters>();

  /** @param prefix of the chain's statistics: `inbound_0.0.0.0_8080`, or `tcpAuthorization` */
  of(prefix: string): AuthorizationCounters {
    let counters = this.counters.get(prefix);
    if (!counters) {
      counters = new AuthorizationCounters();
      this.counters.set(prefix, counters);
    }
    return counters;
  }

  reset(): void {
    for (const counters of this.counters.values()) for (const [field] of stats) counters[field] = 0;
  }

  families(): MetricFamily[] {
    return [...this.familiesOf('http', true), ...this.familiesOf('tcp', false)];
  }

  private familiesOf(protocol: 'http' | 'tcp', http: boolean): MetricFamily[] {
    const all = [...this.counters].filter(([prefix]) => (prefix !== tcpAuthorization) === http);
    if (all.length === 0) return [];
    return stats.map(([field, stat]) => ({
      name: `envoy_${protocol}_${stat.replaceAll('.', '_')}`,
      type: 'counter',
      help: '',
      series: all.map(([prefix, counters]) => ({
        labels: http ? ['http_conn_manager_prefix', prefix] : [],
        stat: http ? `http.${prefix};.${stat}` : `tcp.${stat}`,
        value: counters[field],
      })),
    }));
  }
}
