// The metrics of the application beside the sidecar, for a scraper that asks for those of the whole pod at one place.
import type { MetricFamily } from '../telemetry/metric-snapshot.ts';
import type { ExpositionFormat } from '../telemetry/prometheus.ts';
import { connectToPod } from './pod-connection.ts';
import { requestOver } from './request-over.ts';

/** Where the application has its metrics. */
export interface MetricsEndpoint {
  scheme: 'http' | 'https';
  port: number;
  /** With its query. */
  path: string;
}

export interface AppPage {
  format: ExpositionFormat;
  /** Whole lines; OpenMetrics without its `# EOF`. */
  text: string;
}

/** Larger pages are no metrics that anybody wants to have every few seconds, in bytes. */
const mostBytes = 16 * 1024 * 1024;

/** Where the scraper does not say how long it waits. */
const defaultTimeoutMs = 5_000;
const mostTimeoutMs = 60_000;
/** Of the scraper's time, for what is done after the application has answered. */
const shareOfTimeout = 0.9;

/**
 * The annotations `prometheus.io/…` of a pod, as injectors of Istio write them into ISTIO_PROMETHEUS_ANNOTATIONS:
 * `{"scrape": "true", "path": "/metrics", "port": "8080"}`, and `scheme`.
 *
 * @returns undefined where `scrape` says that nobody is to have them
 * @throws Error that says what is wrong with it
 */
export function parseMetricsEndpoint(text: string): MetricsEndpoint | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`it is no JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('it is no object');
  const { scrape, path, port, scheme } = value as Record<string, unknown>;
  if (/^(?:0|f|false)$/i.test(String(scrape))) return undefined;
  const number = port === undefined || port === '' ? 80 : Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65535) throw new Error(`port "${String(port)}" is no number from 1 to 65535`);
  const protocol = scheme === undefined || scheme === '' ? 'http' : String(scheme).toLowerCase();
  if (protocol !== 'http' && protocol !== 'https') throw new Error(`scheme "${String(scheme)}" is neither http nor https`);
  const target = path === undefined || path === '' ? '/metrics' : String(path);
  return { scheme: protocol, port: number, path: target.startsWith('/') ? target : `/${target}` };
}

export interface AppMetricsEvents {
  /** The application gave no metrics, after it had; later failures are only counted. */
  failed(problem: string): void;
  recovered(): void;
}

/** Asks the application for its metrics. Those who ask at the same time share an answer. */
export class AppMetrics {
  private readonly endpoint: MetricsEndpoint;
  private readonly pod: string;
  private readonly events: AppMetricsEvents;
  private readonly underWay = new Map<string, Promise<AppPage | undefined>>();
  private failures = 0;
  private failing = false;

  /** @param pod address of the pod */
  constructor(endpoint: MetricsEndpoint, pod: string, events: AppMetricsEvents) {
    this.endpoint = endpoint;
    this.pod = pod;
    this.events = events;
  }

  /** What became of it, for those who look at the proxy's metrics. */
  get family(): MetricFamily {
    return {
      name: 'istio_agent_scrape_failures_total',
      type: 'counter',
      help: 'Scrapes without the metrics of the application',
      series: [{ labels: ['type', 'application'], value: this.failures }],
    };
  }

  /**
   * @param accept of the scraper
   * @param timeout header `x-prometheus-scrape-timeout-seconds` of the scraper
   * @returns undefined where the application gave none: that is counted
   */
  scrape(accept: string, timeout?: string): Promise<AppPage | undefined> {
    const pending = this.underWay.get(accept);
    if (pending) return pending;
    const page = this.ask(accept, timeoutMs(timeout)).finally(() => this.underWay.delete(accept));
    this.underWay.set(accept, page);
    return page;
  }

  private async ask(accept: string, ms: number): Promise<AppPage | undefined> {
    const ended = new AbortController();
    const timer = setTimeout(() => ended.abort(new Error(`there is no answer within ${ms / 1000} s`)), ms);
    try {
      const page = await this.page(accept, ended.signal);
      if (this.failing) this.events.recovered();
      this.failing = false;
      return page;
    } catch (error) {
      this.failures++;
      if (!this.failing) this.events.failed((ended.signal.aborted ? (ended.signal.reason as Error) : (error as Error)).message);
      this.failing = true;
      return undefined;
    } finally {
      clearTimeout(timer);
      ended.abort();
    }
  }

  private async page(accept: string, signal: AbortSignal): Promise<AppPage> {
    const { scheme, port, path } = this.endpoint;
    // An application may have its metrics for its own machine only, or for the pod's address only.
    const plain = await connectToPod({ host: '127.0.0.1', port, pod: this.pod, signal }).catch(() => connectToPod({ port, pod: this.pod, signal }));
    const socket = scheme === 'http' ? plain : (await import('node:tls')).connect({ socket: plain, rejectUnauthorized: false });
    const headers = { host: `localhost:${port}`, accept, connection: 'close', 'user-agent': 'weft' };
    const response = await requestOver(socket, { path, headers, signal });
    const { statusCode } = response;
    if (statusCode !== 200) {
      response.destroy();
      throw new Error(`it answers ${path} with status ${statusCode}`);
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > mostBytes) throw new Error(`its page has more than ${mostBytes / 1024 / 1024} MiB`);
    }
    return pageOf(Buffer.concat(chunks).toString('utf8'), response.headers['content-type']);
  }
}

/** @param type media type of the page */
export function pageOf(page: string, type = ''): AppPage {
  const format = type.trim().toLowerCase().startsWith('application/openmetrics-text') ? 'openmetrics' : 'prometheus';
  const lines = page === '' || page.endsWith('\n') ? page : `${page}\n`;
  return { format, text: format === 'openmetrics' ? lines.replace(/# EOF\s*$/, '') : lines };
}

/** Without what the text format does not have: exemplars, and types of its own. */
export function openMetricsAsText(page: string): string {
  return page.replace(/^# TYPE \S+ (?:unknown|info|stateset|gaugehistogram)\n|^# UNIT .*\n/gm, '').replace(/^([^#\n].*?) # \{.*$/gm, '$1');
}

function timeoutMs(header: string | undefined): number {
  const seconds = Number(header);
  return seconds > 0 ? Math.min(seconds * 1000 * shareOfTimeout, mostTimeoutMs) : defaultTimeoutMs;
}
