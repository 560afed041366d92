import { type TlsCounters, tlsCounterNames } from '../tls/counters.ts';
import type { MetricFamily } from './metric-snapshot.ts';

/** Families of `<kind>.<name>.ssl.<stat>`, in Prometheus `envoy_<kind>_ssl_<stat>{<label>="<name>"}`. Those of plain text are left out. */
export class TlsFamilies {
  private readonly kind: string;
  private readonly label: string;
  private readonly families = new Map<string, MetricFamily>();

  constructor(kind: 'listener' | 'cluster', label: string) {
    this.kind = kind;
    this.label = label;
  }

  /**
   * @param prefix of the name in Envoy's own form
   * @param notReady what Envoy calls connections for which there were no certificates
   */
  add(name: string, prefix: string, counters: TlsCounters, notReady: string): void {
    if (tlsCounterNames.every((one) => counters[one] === 0)) return;
    for (const one of tlsCounterNames) {
      const stat = one === 'secrets_not_ready' ? notReady : one;
      this.series(stat).push({ labels: [this.label, name], stat: `${prefix}ssl.${stat}`, value: counters[one] });
    }
    for (const [version, value] of counters.versions) this.addNamed('versions', 'ssl_version', version, name, prefix, value);
    for (const [cipher, value] of counters.ciphers) this.addNamed('ciphers', 'ssl_cipher', cipher, name, prefix, value);
  }

  list(): MetricFamily[] {
    return [...this.families.values()];
  }

  private addNamed(stat: string, label: string, what: string, name: string, prefix: string, value: number): void {
    this.series(stat).push({ labels: [label, what, this.label, name], stat: `${prefix}ssl.${stat}.${what}`, value });
  }

  private series(stat: string): MetricFamily['series'] {
    let family = this.families.get(stat);
    if (!family) {
      family = { name: `envoy_${this.kind}_ssl_${stat}`, type: 'counter', help: '', series: [] };
      this.families.set(stat, family);
    }
    return family.series;
  }
}
