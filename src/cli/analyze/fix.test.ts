import fc from 'fast-check';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { analyzers } from '../../../analyzers/index.ts';
import { itemOfFinding, itemOfProblem, type ReportItem } from '../../analysis/report/report.ts';
import { sourceText } from '../../manifest/files.ts';
import type { SourceText } from '../../manifest/resource.ts';
import { splitDocuments } from '../../manifest/split.ts';
import { runPipeline } from '../../pipeline/pipeline.ts';
import { fixAll, previewFixes } from './fix.ts';

async function itemsOf(sources: readonly SourceText[]): Promise<ReportItem[]> {
  const { findings, problems } = await runPipeline({
    sources,
    defaultNamespace: '',
    istioNamespace: 'istio-system',
    assume: 'auto',
    preset: 'recommended',
    analyzers,
    knownHosts: [],
    now: new Date('2025-06-01T00:00:00Z'),
  });
  return [...problems.map(itemOfProblem), ...findings.map(itemOfFinding)];
}

const run = async (sources: readonly SourceText[]) => fixAll(sources, await itemsOf(sources), async (items) => items, itemsOf);

/** The text of one file after --fix. */
async function fix(text: string, name = 'mesh.yaml'): Promise<string> {
  const { files } = await run([sourceText(name, text)]);
  return files[0]?.after ?? text;
}

const around = `---
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public-gateway, namespace: shop}
spec: {selector: {app: edge}, servers: [{hosts: ["*/*"], port: {name: http, number: 80, protocol: HTTP}}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: shop}
spec: {host: reviews, subsets: [{name: canary, labels: {v: c}}, {name: stable, labels: {v: s}}]}
`;
const virtual = (spec: string, apiVersion = 'networking.istio.io/v1'): string =>
  `apiVersion: ${apiVersion}\nkind: VirtualService\nmetadata: {name: v, namespace: shop}\nspec:\n${spec}`;
const rule = (spec: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r, namespace: shop}\nspec:\n  host: reviews\n${spec}`;
const http = (rule: string): string => virtual(`  hosts: [reviews]\n  http:\n${rule}`);
const deployment = (variable: string): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: shop}\nspec:\n  selector: {matchLabels: {app: d}}\n  template:\n    metadata: {labels: {app: d}}\n    spec:\n      containers:\n        - name: a\n          image: a\n          env:\n          - name: A\n            ${variable}\n`;
const to = 'route: [{destination: {host: reviews}}]';
const outlier = (fields: string): string => rule(`  trafficPolicy:\n    outlierDetection:\n${fields}`);

/** The lines that differ: those that go with -, those that come with +. */
const changes = (before: string, after: string): string[] =>
  previewFixes([{ name: 'x', before, after, done: [] }])
    .split('\n')
    .filter((line) => /^[-+](?![-+]{2})/.test(line));

describe('what is repaired', () => {
  it.each<[string, string, string[]]>([
    [
      'a subset',
      http('  - route:\n    - destination:\n        host: reviews\n        subset: canry # soon\n'),
      ['-        subset: canry # soon', '+        subset: canary # soon'],
    ],
    [
      'a subset in single quotes',
      http("  - route: [{destination: {host: reviews, subset: 'canry'}}]\n"),
      ["-  - route: [{destination: {host: reviews, subset: 'canry'}}]", "+  - route: [{destination: {host: reviews, subset: 'canary'}}]"],
    ],
    ['a short host', http('  - route:\n    - destination:\n        host: reviws\n'), ['-        host: reviws', '+        host: reviews']],
    [
      'a whole host',
      http('  - route:\n    - destination:\n        host: "reviws.shop.svc.cluster.local"\n'),
      ['-        host: "reviws.shop.svc.cluster.local"', '+        host: "reviews.shop.svc.cluster.local"'],
    ],
    [
      'a part of a host',
      http('  - route:\n    - destination:\n        host: reviews.shop\n'),
      ['-        host: reviews.shop', '+        host: reviews.shop.svc.cluster.local'],
    ],
    [
      'what comes to light by a repair',
      http('  - route:\n    - destination:\n        host: reviws\n        subset: canry\n'),
      ['-        host: reviws', '-        subset: canry', '+        host: reviews', '+        subset: canary'],
    ],
    ['a short gateway', virtual(`  hosts: [reviews]\n  gateways:\n  - public-gatway\n  http:\n  - ${to}\n`), ['-  - public-gatway', '+  - public-gateway']],
    [
      'a gateway with its namespace',
      virtual(`  hosts: [reviews]\n  gateways:\n  - shop/public-gatway\n  http:\n  - ${to}\n`),
      ['-  - shop/public-gatway', '+  - shop/public-gateway'],
    ],
    [
      'an old version',
      virtual(`  hosts: [reviews]\n  http:\n  - ${to}\n`, '"networking.istio.io/v1beta1"'),
      ['-apiVersion: "networking.istio.io/v1beta1"', '+apiVersion: "networking.istio.io/v1"'],
    ],
    [
      'mirrorPercent',
      http(`  - ${to}\n    mirror: {host: reviews, subset: canary}\n    mirrorPercent: 5 # a few\n`),
      ['-    mirrorPercent: 5 # a few', '+    mirrorPercentage:', '+      value: 5 # a few'],
    ],
    [
      'mirror_percent as the first of a list item',
      http(`  - mirror_percent: "5"\n    ${to}\n    mirror: {host: reviews, subset: canary}\n`),
      ['-  - mirror_percent: "5"', '+  - mirrorPercentage:', '+      value: 5'],
    ],
    [
      'mirrorPercent beside mirrorPercentage',
      http(`  - ${to}\n    mirror: {host: reviews, subset: canary}\n    mirrorPercent: 5\n    mirrorPercentage: {value: 7}\n`),
      ['-    mirrorPercent: 5'],
    ],
    [
      'percent of a delay',
      http(`  - fault: {delay: {fixedDelay: 1s, percent: 5}}\n    ${to}\n`),
      ['-  - fault: {delay: {fixedDelay: 1s, percent: 5}}', '+  - fault: {delay: {fixedDelay: 1s, percentage: {value: 5}}}'],
    ],
    [
      'percent beside percentage',
      http(`  - fault: {delay: {percent: 5, fixedDelay: 1s, percentage: {value: 7}}}\n    ${to}\n`),
      ['-  - fault: {delay: {percent: 5, fixedDelay: 1s, percentage: {value: 7}}}', '+  - fault: {delay: {fixedDelay: 1s, percentage: {value: 7}}}'],
    ],
    [
      'percent beside percentage, at the end',
      http(`  - fault: {delay: {fixedDelay: 1s, percentage: {value: 7}, percent: 5}}\n    ${to}\n`),
      ['-  - fault: {delay: {fixedDelay: 1s, percentage: {value: 7}, percent: 5}}', '+  - fault: {delay: {fixedDelay: 1s, percentage: {value: 7}}}'],
    ],
    [
      'consecutiveErrors with the default',
      outlier('      consecutiveErrors: 5\n      interval: 5s\n'),
      ['-      consecutiveErrors: 5', '+      consecutive5xxErrors: 5'],
    ],
    ['consecutiveErrors beside another', outlier('      consecutiveErrors: 3\n      consecutiveGatewayErrors: 2\n'), ['-      consecutiveErrors: 3']],
    [
      'consecutiveErrors of a subset',
      rule('  subsets:\n  - name: x\n    labels: {v: c}\n    trafficPolicy:\n      outlierDetection:\n        consecutive_errors: 5\n'),
      ['-        consecutive_errors: 5', '+        consecutive5xxErrors: 5'],
    ],
    [
      'minimumRingSize',
      rule('  trafficPolicy:\n    loadBalancer:\n      consistentHash:\n        minimumRingSize: 64\n        useSourceIp: true\n'),
      ['-        minimumRingSize: 64', '+        ringHash:', '+          minimumRingSize: 64'],
    ],
    [
      'LEAST_CONN',
      rule('  trafficPolicy:\n    portLevelSettings:\n    - port: {number: 80}\n      loadBalancer: {simple: LEAST_CONN}\n'),
      ['-      loadBalancer: {simple: LEAST_CONN}', '+      loadBalancer: {simple: LEAST_REQUEST}'],
    ],
    ['a number that has to be a text', deployment('value: 080 # port'), ['-            value: 080 # port', '+            value: "080" # port']],
    ['a boolean that has to be a text', deployment('value: yes'), ['-            value: yes', '+            value: "yes"']],
    [
      'a text that has to be a number',
      deployment("value: a\n          ports:\n          - {containerPort: '80'}"),
      ["-          - {containerPort: '80'}", '+          - {containerPort: 80}'],
    ],
    ['an unknown field', http(`  - ${to}\n    timeuot: 5s\n`), ['-    timeuot: 5s', '+    timeout: 5s']],
    ['an unknown field with quotes', http(`  - ${to}\n    'timeuot': 5s\n`), ["-    'timeuot': 5s", "+    'timeout': 5s"]],
  ])('%s', async (_, text, expected) => {
    const after = await fix(text + around);
    expect(changes(text + around, after)).toEqual(expected);
    expect(await fix(after)).toBe(after);
  });

  it.each([
    ['a name that is not near', http('  - route: [{destination: {host: reviews, subset: cable}}]\n')],
    ['consecutiveErrors that would begin to count', outlier('      consecutiveErrors: 3\n')],
    [
      'a ring size that two say',
      rule('  trafficPolicy:\n    loadBalancer:\n      consistentHash: {minimumRingSize: 64, useSourceIp: true, maglev: {tableSize: 65537}}\n'),
    ],
    ['more than all', http(`  - fault: {delay: {fixedDelay: 1s, percent: 500}}\n    ${to}\n`)],
    ['a value with a tag', http(`  - ${to}\n    mirror: {host: reviews, subset: canary}\n    mirrorPercent: !!int 5\n`)],
  ])('not %s', async (_, text) => {
    expect(await fix(text + around)).toBe(text + around);
  });

  it('repairs what aliases share where all of them want it', async () => {
    const shared = http(
      '  - route: [{destination: &d {host: reviews, subset: canry}}]\n  - name: NAME\n    match: [{uri: {prefix: /a}}]\n    route: [{destination: *d}]\n',
    );
    expect(await fix(shared + around)).toBe(shared.replace('canry', 'canary') + around);
    const other = shared.replace('canry', '&s canry').replace('NAME', '*s');
    expect(await fix(other + around)).toBe(other + around);
  });

  it('writes JSON in JSON', async () => {
    const service = http(`  - ${to}\n    mirror: {host: reviews, subset: canary}\n    mirrorPercent: 5\n`);
    const list = { apiVersion: 'v1', kind: 'List', items: (service + around).split(/^---$/m).map((text) => load(text)) };
    for (const indent of [undefined, 2, '\t']) {
      const text = JSON.stringify(list, null, indent);
      const after = await fix(text, 'mesh.json');
      const expected = structuredClone(list) as typeof list & { items: [{ spec: { http: [Record<string, unknown>] } }] };
      delete expected.items[0].spec.http[0].mirrorPercent;
      expected.items[0].spec.http[0].mirrorPercentage = { value: 5 };
      expect(JSON.parse(after)).toEqual(expected);
    }
  });
});

/** A mesh before and after its repairs, as values. */
const wrong = fc.record({
  subset: fc.constantFrom(['canary', 'canary'], ['canry', 'canary'], ['Stable', 'stable'], ['other-thing', 'other-thing']),
  host: fc.constantFrom(['reviews', 'reviews'], ['reviws', 'reviews'], ['reviews.shop.svc.cluster.local.', 'reviews.shop.svc.cluster.local']),
  gateway: fc.constantFrom(['mesh', 'mesh'], ['public-gatway', 'public-gateway'], ['shop/publicgateway', 'shop/public-gateway']),
  version: fc.constantFrom('v1', 'v1beta1', 'v1alpha3'),
  percent: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
  delay: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
  snake: fc.boolean(),
});
type Wrong = typeof wrong extends fc.Arbitrary<infer T> ? T : never;

function meshOf(w: Wrong, repaired: boolean): unknown {
  const side = repaired ? 1 : 0;
  const destination = { host: w.host[side], subset: w.subset[side] };
  const old = w.snake ? 'mirror_percent' : 'mirrorPercent';
  const percent = w.percent === undefined ? {} : repaired ? { mirrorPercentage: { value: w.percent } } : { [old]: w.percent };
  const delay = w.delay === undefined ? {} : repaired ? { percentage: { value: w.delay } } : { percent: w.delay };
  return {
    apiVersion: `networking.istio.io/${repaired ? 'v1' : w.version}`,
    kind: 'VirtualService',
    metadata: { name: 'v', namespace: 'shop' },
    spec: {
      hosts: ['reviews'],
      gateways: [w.gateway[side]],
      http: [
        {
          ...percent,
          name: 'all: "of" it',
          mirror: { host: 'reviews' },
          fault: { delay: { ...delay, fixedDelay: '1s' } },
          route: [{ destination, weight: 100 }],
        },
      ],
    },
  };
}

const isScalar = (value: unknown): boolean => typeof value !== 'object';

/** YAML as people write it: styles, quotes, indentation and comments by the choices given, one after the other. */
class Writer {
  private at = 0;
  private readonly choices: readonly number[];
  private readonly step: string;
  private readonly comments: boolean;

  constructor(choices: readonly number[], step: number, comments: boolean) {
    this.choices = choices;
    this.step = ' '.repeat(step);
    this.comments = comments;
  }

  write(value: unknown): string {
    return `${this.map(value as Record<string, unknown>, '').join('\n')}\n`;
  }

  private pick(of: number): number {
    return (this.choices[this.at++ % this.choices.length] as number) % of;
  }

  private comment(): string {
    return this.comments && this.pick(3) === 0 ? ` # ${this.at}: 'it" {is}` : '';
  }

  private scalar(value: unknown): string {
    if (typeof value === 'number') return this.pick(3) === 0 ? `"${value}"` : String(value);
    const text = String(value);
    const style = this.pick(3);
    if (style === 0 && /^[\w./-]+$/.test(text)) return text;
    return style === 1 ? `'${text.replaceAll("'", "''")}'` : JSON.stringify(text);
  }

  private key(name: string): string {
    return this.pick(5) === 0 ? `"${name}"` : name;
  }

  private flow(value: unknown): string {
    if (isScalar(value)) return this.scalar(value);
    const gap = this.pick(2) === 0 ? ' ' : '';
    if (Array.isArray(value)) return `[${gap}${value.map((v) => this.flow(v)).join(', ')}${gap}]`;
    return `{${gap}${Object.entries(value as object)
      .map(([k, v]) => `${this.key(k)}: ${this.flow(v)}`)
      .join(', ')}${gap}}`;
  }

  private map(value: Record<string, unknown>, indent: string): string[] {
    return Object.entries(value).flatMap(([name, child]) => {
      const before = this.comments && this.pick(6) === 0 ? [`${indent}# above ${name}`] : [];
      const key = `${indent}${this.key(name)}:`;
      if (isScalar(child) || this.pick(3) === 0) return [...before, `${key} ${this.flow(child)}${this.comment()}`];
      if (Array.isArray(child)) return [...before, `${key}${this.comment()}`, ...this.list(child, this.pick(2) === 0 ? indent : indent + this.step)];
      return [...before, `${key}${this.comment()}`, ...this.map(child as Record<string, unknown>, indent + this.step)];
    });
  }

  private list(value: readonly unknown[], indent: string): string[] {
    return value.flatMap((item) => {
      if (isScalar(item) || this.pick(4) === 0) return [`${indent}- ${this.flow(item)}${this.comment()}`];
      const [first = '', ...rest] = this.map(item as Record<string, unknown>, `${indent}  `);
      return /^\s*#/.test(first) ? [`${indent}-`, first, ...rest] : [`${indent}- ${first.trimStart()}`, ...rest];
    });
  }
}

/** Values as a reader of quoted numbers has them. */
const valuesOf = (text: string): unknown =>
  splitDocuments(text).map(({ start, end }) =>
    JSON.parse(JSON.stringify(load(text.slice(start, end))), (_, v) => (typeof v === 'string' && /^\d+$/.test(v) ? Number(v) : v)),
  );

const commentsOf = (text: string): string[] => text.match(/# .*$/gm) ?? [];

it('changes nothing but what it repairs, in any style, and nothing the second time', async () => {
  await fc.assert(
    fc.asyncProperty(
      wrong,
      fc.array(fc.nat({ max: 59 }), { minLength: 20, maxLength: 60 }),
      fc.constantFrom(1, 2, 3, 4),
      fc.boolean(),
      fc.boolean(),
      async (w, choices, step, comments, crlf) => {
        const lines = (text: string): string => (crlf ? text.replaceAll('\n', '\r\n') : text);
        const before = lines(new Writer(choices, step, comments).write(meshOf(w, false)) + around);
        const after = await fix(before);
        expect(valuesOf(after)).toEqual([meshOf(w, true), ...(valuesOf(around) as unknown[])]);
        expect(commentsOf(after)).toEqual(commentsOf(before));
        if (crlf) expect(after.replaceAll('\r\n', '')).not.toContain('\n');
        else expect(after).not.toContain('\r');
        expect(await fix(after)).toBe(after);
      },
    ),
    { numRuns: 300 },
  );
}, 60_000);
