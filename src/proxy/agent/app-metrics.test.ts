import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { AppMetrics, openMetricsAsText, pageOf, parseMetricsEndpoint } from './app-metrics.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function application(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function metricsAt(port: number): { metrics: AppMetrics; said: string[] } {
  const said: string[] = [];
  const events = { failed: (problem: string) => void said.push(problem), recovered: () => void said.push('recovered') };
  return { metrics: new AppMetrics({ scheme: 'http', port, path: '/metrics' }, '127.0.0.1', events), said };
}

const text = 'text/plain; version=0.0.4';

describe('where they are', () => {
  it.each([
    ['{"scrape":"true","path":"/m?x=1","port":"8080"}', { scheme: 'http', path: '/m?x=1', port: 8080 }],
    ['{"scrape":"true","path":"","port":""}', { scheme: 'http', path: '/metrics', port: 80 }],
    ['{"scrape":true,"port":9090,"path":"m","scheme":"https"}', { scheme: 'https', path: '/m', port: 9090 }],
    ['{"scrape":"false","path":"","port":"x"}', undefined],
    ['{"scrape":false}', undefined],
    ['{"scrape":"","port":"9090"}', { scheme: 'http', path: '/metrics', port: 9090 }],
    ['{}', { scheme: 'http', path: '/metrics', port: 80 }],
  ])('%s', (json, expected) => {
    expect(parseMetricsEndpoint(json)).toEqual(expected);
  });

  it.each([
    ['', /no JSON/],
    ['null', /no object/],
    ['{"scrape":"true","port":"http"}', /port "http" is no number/],
    ['{"scrape":"true","scheme":"unix"}', /scheme "unix"/],
  ])('%s is refused', (json, problem) => {
    expect(() => parseMetricsEndpoint(json)).toThrow(problem);
  });
});

describe('a page', () => {
  it.each([
    ['a 1', text, { format: 'prometheus', text: 'a 1\n' }],
    ['a 1\n', undefined, { format: 'prometheus', text: 'a 1\n' }],
    ['', text, { format: 'prometheus', text: '' }],
    ['a_total 1\n# EOF\n', 'application/openmetrics-text; version=1.0.0', { format: 'openmetrics', text: 'a_total 1\n' }],
    ['a_total 1\n# EOF', 'Application/OpenMetrics-Text', { format: 'openmetrics', text: 'a_total 1\n' }],
  ])('%j of type %s', (page, type, expected) => {
    expect(pageOf(page, type)).toEqual(expected);
  });

  it('as text it has no exemplars and no types that text does not have', () => {
    const page = '# TYPE a counter\n# HELP a b # {c}\na_total{x="# {"} 1 # {trace="5"} 1 2\n# TYPE b unknown\n# UNIT b seconds\nb 2\n';
    expect(openMetricsAsText(page)).toBe('# TYPE a counter\n# HELP a b # {c}\na_total{x="# {"} 1\nb 2\n');
  });
});

describe('asking the application', () => {
  it('gives its page, and tells the format that is wanted', async () => {
    const seen: (string | undefined)[] = [];
    const port = await application(({ url, headers }, response) => {
      seen.push(`${url} ${headers.accept}`);
      response.setHeader('content-type', text);
      response.end('a 1\n');
    });
    const { metrics, said } = metricsAt(port);
    expect(await metrics.scrape(text)).toEqual({ format: 'prometheus', text: 'a 1\n' });
    expect(seen).toEqual([`/metrics ${text}`]);
    expect(said).toEqual([]);
    expect(metrics.family.series[0]?.value).toBe(0);
  });

  it('those who ask at the same time share an answer', async () => {
    let asked = 0;
    const port = await application((_, response) => {
      asked++;
      setTimeout(() => response.end('a 1\n'), 50);
    });
    const { metrics } = metricsAt(port);
    await Promise.all([metrics.scrape(text), metrics.scrape(text), metrics.scrape(text)]);
    expect(asked).toBe(1);
    await metrics.scrape(text);
    expect(asked).toBe(2);
  });

  it('a failure is counted each time, and told once until it is over', async () => {
    let status = 500;
    const port = await application((_, response) => response.writeHead(status).end('a 1\n'));
    const { metrics, said } = metricsAt(port);
    expect(await metrics.scrape(text)).toBeUndefined();
    expect(await metrics.scrape(text)).toBeUndefined();
    status = 200;
    expect(await metrics.scrape(text)).toMatchObject({ text: 'a 1\n' });
    expect(said).toEqual(['it answers /metrics with status 500', 'recovered']);
    expect(metrics.family).toMatchObject({ name: 'istio_agent_scrape_failures_total', series: [{ labels: ['type', 'application'], value: 2 }] });
  });

  it('it is not waited for longer than the scraper waits', async () => {
    const port = await application(() => {});
    const { metrics, said } = metricsAt(port);
    const began = performance.now();
    expect(await metrics.scrape(text, '0.3')).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(said).toEqual(['there is no answer within 0.27 s']);
  });

  it('a page without end is given up', async () => {
    const port = await application((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(1 << 20)));
      };
      response.on('drain', more);
      more();
    });
    const { metrics, said } = metricsAt(port);
    expect(await metrics.scrape(text, '30')).toBeUndefined();
    expect(said).toEqual(['its page has more than 16 MiB']);
  });
});
