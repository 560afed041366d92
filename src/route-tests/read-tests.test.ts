import { describe, expect, it } from 'vitest';
import { sourceText } from '../manifest/files.ts';
import { placeIn, readTests } from './read-tests.ts';

function problemsIn(text: string, mayBeManifest = false): string[] {
  return readTests(sourceText('a.yaml', text), mayBeManifest).problems.map(
    ({ line, column, text: what, help }) => `${line}:${column} ${what}${help ? ` (${help})` : ''}`,
  );
}

const good = 'tests:\n  - name: test\n    request: { host: a }\n    expect: { status: 404 }\n';
const service = 'apiVersion: v1\nkind: Service\nmetadata: { name: a }\n';

describe('problems', () => {
  it.each([
    ['an unknown field', good.replace('status', 'statuss'), ['4:15 tests[0].expect.statuss is not known here (did you mean status?)']],
    ['a wrong value', good.replace('404', 'many'), ['4:15 tests[0].expect.status takes a whole number from 100 to 599, and is "many"']],
    ['a field that is missing', good.replace('name: test\n    ', ''), ['2:5 tests[0] has no name']],
    ['YAML that is none', 'tests: [', ['1:9 this is not valid YAML: unexpected end of the stream within a flow collection']],
    ['an empty file', '', ['1:1 the file is empty (a test file has a list of tests)']],
    ['a list', '- a\n', ['1:1 the file takes a map, and is a list']],
    ['a manifest', service, ['1:1 the file is a Service of Kubernetes, and no list of tests (manifests are named with -f)']],
    ['one in the second document', `${good}---\n${good.replace('404', '4')}`, ['9:15 tests[0].expect.status takes a whole number from 100 to 599, and is 4']],
    [
      'a key that YAML reads as true',
      good.replace('status: 404', 'retries: { on: 5xx }'),
      ['4:15 tests[0].expect.retries.true is not known here (known are attempts, perTryTimeout, retryOn)'],
    ],
    [
      'a word that nobody knows',
      good.replace('{ host: a }', '{ host: a, scheme: httpss }'),
      ['3:25 tests[0].request.scheme takes http or https, and is "httpss" (did you mean https?)'],
    ],
  ])('%s', (_, text, expected) => expect(problemsIn(text)).toEqual(expected));
});

describe('in a directory', () => {
  it('manifests are passed over', () => {
    expect(problemsIn(service, true)).toEqual([]);
    expect(readTests(sourceText('a.yaml', `${service}---\n${good}`), true).tests).toHaveLength(1);
  });

  it('empty files, too', () => expect(problemsIn('# nothing yet\n', true)).toEqual([]));
  it('what is neither is a problem', () =>
    expect(problemsIn('test: []\n', true)).toEqual(['1:1 test is not known here (did you mean tests?)', '1:1 the file has no tests']));
});

it('tests have places', () => {
  const { tests } = readTests(
    sourceText('a.yaml', `# first\n${good}  - name: other\n    request: { host: a }\n    expect: { status: 404 }\n---\n${good}`),
    false,
  );
  expect(tests.map(({ place }) => placeIn(place).line)).toEqual([3, 6, 11]);
});
