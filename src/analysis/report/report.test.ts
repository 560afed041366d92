import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { beforeAll, describe, expect, test } from 'vitest';
import { xmlError } from '../../../test/xml.ts';
import { loadSource } from '../../manifest/load.ts';
import { Resource, type SourceText } from '../../manifest/resource.ts';
import { parseYaml } from '../../manifest/yaml.ts';
import type { Finding } from '../finding.ts';
import { formatGithub, formatGitlab, formatJunit } from './ci.ts';
import { formatLog } from './log.ts';
import { formatPretty } from './pretty.ts';
import { itemOfFinding, itemOfProblem, type Report, type ReportItem } from './report.ts';
import { formatSarif } from './sarif.ts';
import { formatJson, formatYaml } from './structured.ts';
import { plainStyle, type Style } from './style.ts';

const formats: Readonly<Record<string, (report: Report, style: Style) => string>> = {
  log: formatLog,
  pretty: formatPretty,
  json: formatJson,
  yaml: formatYaml,
  sarif: formatSarif,
  junit: formatJunit,
  github: formatGithub,
  gitlab: formatGitlab,
};

const text = `# The cart.
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: cart
  namespace: shop
spec:
  hosts: [cart, "100% <&> 'host'"]
  http:
    - name: |
        two
        lines
      route:
        - destination: {host: cart, subset: v9}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec: {host: cart, subsets: [{name: v1}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
`;

const broken = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "a}\n---\nkind: [b]\napiVersion: 1\n---\na: 1\na: 2\napiVersion: v1\nkind: Namespace\n';

function source(name: string, content: string): SourceText {
  return { name, text: content, json: name.endsWith('.json') };
}

function load(from: SourceText): Resource[] {
  return loadSource(from, { defaultNamespace: '' }).resources;
}

function finding(resource: Resource, path: Finding['path'], more: Partial<Finding> = {}): ReportItem {
  return itemOfFinding({
    code: 'IST0101',
    level: 'Error',
    analyzer: 'test.Analyzer',
    text: 'it is wrong',
    summary: 'something is wrong',
    resource,
    path,
    help: undefined,
    effect: undefined,
    related: [],
    fix: undefined,
    same: undefined,
    ...more,
  });
}

function reportOf(items: ReportItem[], suppressed = 0): Report {
  return { items, summary: { files: 1, resources: 3, unknownKinds: new Map(), skipped: [], suppressed, ran: ['test.Analyzer'] }, version: '1.2.3' };
}

const [service, rule, namespace] = load(source('shop/mesh.yaml', text)) as [Resource, Resource, Resource];
const inCluster = new Resource(structuredClone(service.raw), service.kindName, service.namespace, undefined);
const subset = ['spec', 'http', 0, 'route', 0, 'destination', 'subset'] as const;

const states: Readonly<Record<string, Report>> = {
  findings: reportOf([
    finding(service, subset, {
      text: 'subset "v9" of cart does not exist',
      help: 'did you mean "v1"?',
      effect: 'requests get 503',
      related: [
        { resource: rule, path: ['spec', 'subsets', 0], text: 'v1 is defined here' },
        { resource: rule, text: 'the destination rule' },
      ],
      fix: { title: 'write v1', path: subset, target: 'value', text: 'v1' },
    }),
    finding(service, ['spec', 'hosts', 1], { code: 'WFT1020', level: 'Warning', text: `host "100% <&> 'host'", on\ntwo lines` }),
    finding(namespace, undefined, { code: 'WFT1021', level: 'Info', text: 'about the whole resource' }),
    { ...finding(namespace, undefined, { text: 'of the cluster' }), file: undefined, place: undefined },
  ]),
  nothing: reportOf([]),
  unparsable: reportOf(loadSource(source('broken.yaml', broken), { defaultNamespace: '' }).problems.map(itemOfProblem)),
  suppressed: reportOf([], 2),
  cluster: { ...reportOf([finding(inCluster, ['spec', 'hosts', 0], { help: 'write another' }), finding(rule, ['spec', 'host'])]), cluster: 'prod <east>' },
};

describe.each(Object.entries(formats))('%s', (name, format) => {
  test('is what it was', async () => {
    const sections = Object.entries(states).map(([state, report]) => `==== ${state}\n${format(report, plainStyle)}`);
    await expect(sections.join('')).toMatchFileSnapshot(join(import.meta.dirname, 'golden', `${name}.txt`));
  });

  test.each(Object.entries(states))('has no colours without style: %s', (_, report) => {
    expect(format(report, plainStyle)).not.toContain('\u001b');
  });

  test('ends with a line end, where there is something to say', () => {
    for (const report of Object.values(states)) expect(format(report, plainStyle)).toMatch(/^$|\n$/);
  });
});

describe('SARIF', () => {
  let valid: (log: unknown) => string[];
  beforeAll(() => {
    // It is written in draft 4, and uses nothing that later drafts read otherwise.
    const { $schema: _, id: _id, ...schema } = createRequire(import.meta.url)('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false });
    const validate = ajv.compile(schema);
    valid = (log) => (validate(log) ? [] : (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message}`));
  });

  test.each(Object.entries(states))('follows the schema of 2.1.0: %s', (_, report) => expect(valid(JSON.parse(formatSarif(report)))).toEqual([]));

  test('the schema is really looked at', () => {
    const log = JSON.parse(formatSarif(states.findings as Report));
    log.runs[0].results[0].locations[0].physicalLocation.region.startLine = 0;
    expect(valid(log)).toEqual(['/runs/0/results/0/locations/0/physicalLocation/region/startLine must be >= 1']);
  });

  test.each([
    ['a/b.yaml', 'a/b.yaml'],
    ['./a b.yaml', 'a%20b.yaml'],
    ['../ü#1?.yaml', '../%C3%BC%231%3F.yaml'],
    ['a:b.yaml', 'a%3Ab.yaml'],
    ['/tmp/x y.yaml', 'file:///tmp/x%20y.yaml'],
    ['C:\\mesh\\a.yaml', 'file:///C:/mesh/a.yaml'],
    ['-', 'stdin'],
    ['\ud800.yaml', '%EF%BF%BD.yaml'],
  ])('names %j as %j', (name, uri) => {
    const [resource] = load(source(name, text)) as [Resource];
    const log = JSON.parse(formatSarif(reportOf([finding(resource, undefined)])));
    expect(log.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri).toBe(uri);
    expect(valid(log)).toEqual([]);
  });

  test('a fingerprint stays when lines move, and is that of the finding', () => {
    const print = (content: string, path: Finding['path']): string => {
      const [resource] = load(source('a.yaml', content)) as [Resource];
      return JSON.parse(formatSarif(reportOf([finding(resource, path)]))).runs[0].results[0].partialFingerprints['weft/v1'];
    };
    expect(print(`\n\n# more\n${text}`, subset)).toBe(print(text, subset));
    expect(print(text, ['spec', 'hosts'])).not.toBe(print(text, subset));
  });
});

test('JSON and YAML are the same report, in order', () => {
  for (const report of Object.values(states)) expect(parseYaml(formatYaml(report)).value).toEqual(JSON.parse(formatJson(report)));
});

test.each(Object.entries(states))('JUnit is well-formed, with as many tests and failures as it tells: %s', (_, report) => {
  const xml = formatJunit(report);
  expect(xmlError(xml)).toBeUndefined();
  const count = (pattern: RegExp): number => [...xml.matchAll(pattern)].length;
  expect(xml).toContain(`<testsuites name="weft" tests="${count(/<testcase /g)}" failures="${count(/<failure /g)}"`);
});

test('JUnit holds any text', () => {
  expect(xmlError(formatJunit(reportOf([finding(service, undefined, { text: '\u0000\u001b ]]> <a b="c">&amp;\ud800\ufffe' })])))).toBeUndefined();
});

test('GitHub: no text ends a command or begins another', () => {
  const lines = formatGithub(reportOf([finding(service, subset, { text: 'a,b:c%\r\n::error::d', help: '\u001b[31m' })])).split('\n');
  expect(lines).toEqual([
    '::error file=shop/mesh.yaml,line=14,endLine=14,col=37,endColumn=47,title=IST0101 VirtualService shop/cart::a,b:c%25%0A::error::d%0Ahelp: ␛[31m',
    '',
  ]);
});

test('GitLab: no two fingerprints are equal', () => {
  const issues = JSON.parse(formatGitlab(reportOf([finding(service, subset), finding(service, subset), finding(service, subset)])));
  expect(new Set(issues.map((i: { fingerprint: string }) => i.fingerprint)).size).toBe(3);
});
