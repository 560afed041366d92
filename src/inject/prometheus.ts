// Metrics of the application and of the sidecar from one address: Prometheus is sent to the sidecar, which asks the application.
import { isMap } from '../model/untyped.ts';
import type { Container, PodMetadata } from './pod.ts';

const prometheusVariable = 'ISTIO_PROMETHEUS_ANNOTATIONS';

const fields = ['scrape', 'path', 'port', 'scheme'] as const;
type Field = (typeof fields)[number];
type Scrape = Partial<Record<Field, string>>;

/** Prometheus takes `prometheus.io/port`, `prometheus_io_port` and the like for the same. */
function fieldOf(name: string): Field | undefined {
  const plain = name.replace(/[^A-Za-z0-9_]/g, '_');
  return fields.find((field) => plain === `prometheus_io_${field}`);
}

function scrapeOf(annotations: Readonly<Record<string, string>>): Scrape {
  const out: Scrape = {};
  for (const [name, value] of Object.entries(annotations)) {
    const field = fieldOf(name);
    if (field !== undefined) out[field] = value;
  }
  return out;
}

const isFalse = (value: string | undefined): boolean => /^(?:0|f|false)$/i.test(value ?? '');

/** What an injected pod has, so that Prometheus comes to the sidecar. */
function ours(port: number): Record<string, string> {
  return { 'prometheus.io/path': '/stats/prometheus', 'prometheus.io/port': String(port), 'prometheus.io/scrape': 'true' };
}

/** Sends Prometheus to a port of the sidecar, in place; where the pod wants to be scraped at all, and not at that port already. */
export function mergeMetrics(metadata: PodMetadata, sidecar: Container, port: number): void {
  const annotations = metadata.annotations ?? {};
  const scrape = scrapeOf(annotations);
  if (isFalse(scrape.scrape) || scrape.port === String(port)) return;
  if (Object.keys(scrape).length > 0) {
    const { scrape: wanted = '', path = '', port: own = '', scheme } = scrape;
    const value = JSON.stringify({ scrape: wanted, path, port: own, ...(scheme === undefined ? {} : { scheme }) });
    sidecar.env = [...(sidecar.env ?? []).filter(({ name }) => name !== prometheusVariable), { name: prometheusVariable, value }];
  }
  for (const name of Object.keys(annotations)) if (fieldOf(name) !== undefined) delete annotations[name];
  metadata.annotations = Object.assign(annotations, ours(port));
}

/** Takes back what `mergeMetrics` did, in place. */
export function restoreMetrics(metadata: PodMetadata, sidecar: Container): void {
  const annotations = metadata.annotations ?? {};
  const mine = ours(Number(annotations['prometheus.io/port']));
  if (Object.entries(mine).some(([name, value]) => annotations[name] !== value)) return;
  const saved = parse(sidecar.env?.find(({ name }) => name === prometheusVariable)?.value);
  // Whoever wrote the same without an injector has no variable, and gets the same again.
  for (const name of Object.keys(mine)) delete annotations[name];
  for (const field of fields) {
    const value = saved[field];
    if (typeof value === 'string' && (value !== '' || field === 'scheme')) annotations[`prometheus.io/${field}`] = value;
  }
}

function parse(text: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return isMap(value) ? value : {};
  } catch {
    return {};
  }
}
