// Texts of test files to tests, with the places of what is wrong in them.
import { documentPlaces, type NodePlace, positionAt, startOf } from '../manifest/position.ts';
import { formatPath, type Path } from '../manifest/problem.ts';
import type { SourceDocument, SourceText } from '../manifest/resource.ts';
import { splitDocuments } from '../manifest/split.ts';
import { parseYaml, YamlError, type YamlValue } from '../manifest/yaml.ts';
import { countOf, mostRequests, requestsOf } from './format/requests.ts';
import { isMap, type Reading } from './format/shape.ts';
import { testFile } from './format/test-format.ts';
import type { AnyTest, TestPlace } from './route-test.ts';
import { readCases } from './validator/read-cases.ts';

/** Something in a test file that is no test. */
export interface TestFileProblem {
  file: string;
  line: number;
  column: number;
  /** One sentence with the field: `tests[0].expect.mirror is not known here`. */
  text: string;
  help: string | undefined;
}

export interface ReadTests {
  tests: AnyTest[];
  problems: TestFileProblem[];
}

/**
 * The tests of a file, in either format. A file with problems may have tests all the same: whoever runs them decides.
 *
 * @param mayBeManifest documents that are Kubernetes objects are passed over: of files that were found in a directory
 */
export function readTests(source: SourceText, mayBeManifest: boolean): ReadTests {
  const out: ReadTests = { tests: [], problems: [] };
  const chunks = splitDocuments(source.text);
  if (chunks.length === 0 && !mayBeManifest)
    out.problems.push({ file: source.name, line: 1, column: 1, text: 'the file is empty', help: 'a test file has a list of tests' });
  for (const [index, { start, end }] of chunks.entries()) {
    const document: SourceDocument = { source, index, start, end };
    let parsed: YamlValue;
    try {
      parsed = parseYaml(source.text.slice(start, end));
    } catch (error) {
      if (!(error instanceof YamlError)) throw error;
      const { line, column } = positionAt(source, Math.min(start + error.offset, end));
      out.problems.push({ file: source.name, line, column, text: `this is not valid YAML: ${error.message}`, help: undefined });
      continue;
    }
    const { value } = parsed;
    if (value === undefined || value === null || (mayBeManifest && isObject(value))) continue;
    readDocument(document, parsed, out);
  }
  return out;
}

/** A Kubernetes object. */
function isObject(value: unknown): boolean {
  return isMap(value) && typeof value.kind === 'string' && typeof value.apiVersion === 'string';
}

/** Booleans that are not written as JSON has them. */
const otherBoolean = /\b(?:True|TRUE|False|FALSE)\b/;

function readDocument(document: SourceDocument, { value, plainWordBoolean }: YamlValue, out: ReadTests): void {
  const { source } = document;
  // Places are found by reading the document once more.
  const plain = !plainWordBoolean && !otherBoolean.test(source.text);
  const reading: Reading = {
    problem(path, text, help) {
      const { line, column } = placeIn({ document, path });
      const field = formatPath(path);
      out.problems.push({ file: source.name, line, column, text: field === '' ? `the file ${text}` : `${field} ${text}`, help });
    },
    written: (path, given) => (plain && typeof given === 'boolean' ? String(given) : nodeAt(document, path)?.scalar),
  };
  if (isMap(value) && isObject(value)) {
    reading.problem([], `is a ${value.kind} of Kubernetes, and no list of tests`, 'manifests are named with -f');
    return;
  }
  // Names of fields are read in any case there, as the tool does.
  const cases = isMap(value) ? Object.keys(value).find((key) => key.toLowerCase() === 'testcases') : undefined;
  if (cases !== undefined) {
    out.tests.push(...readCases(document, value as Record<string, unknown>, cases, reading));
    return;
  }
  const file = testFile.read(value, [], reading);
  for (const [index, { name, from, to, request, expect }] of (file?.tests ?? []).entries()) {
    const place: TestPlace = { document, path: ['tests', index] };
    const count = countOf(request);
    if (count > mostRequests) {
      reading.problem([...place.path, 'request'], `makes ${count} requests, and the most is ${mostRequests}`, 'make several tests of it');
      continue;
    }
    out.tests.push({ format: 'weft', name, place, from: from ?? file?.from ?? [], ...(to === undefined ? {} : { to }), requests: requestsOf(request), expect });
  }
}

/** The node of a path; undefined where nothing is written. */
function nodeAt(document: SourceDocument, path: Path): NodePlace | undefined {
  let place = documentPlaces(document);
  for (const part of path) place = place?.children?.get(part);
  return place;
}

/** Line and column of something of a test, or of the nearest that is written around it. */
export function placeIn({ document, path }: TestPlace): { file: string; line: number; column: number } {
  const { source } = document;
  let place = documentPlaces(document);
  let depth = 0;
  for (; place && depth < path.length; depth++) {
    const next = place.children?.get(path[depth] as string | number);
    if (!next) break;
    place = next;
  }
  return { file: source.name, ...positionAt(source, place && depth > 0 ? startOf(source, place) : document.start) };
}
