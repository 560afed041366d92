import type { AuthorizationCondition } from '../../../ir/authorization.ts';
import { cidrContains, parseCidr } from '../ip.ts';
import { addressBytes } from './addresses.ts';
import { attributeOf, isTextual, pathOf, type TextualCondition } from './attributes.ts';
import { compileTemplate } from './path-template.ts';
import type { Subject } from './subject.ts';
import { compileText, OneOf } from './text-test.ts';

export type Test = (subject: Subject) => boolean;

const always: Test = () => true;
const never: Test = () => false;

/**
 * @param doubt what comes out for a condition that cannot be decided: an expression, a CIDR block or a template that is none, a source
 * of metadata that there is not, an address that is not known. True where a match denies, false where it allows; a negation turns it
 * around, so that no doubt ever lets anybody in
 */
export function compileCondition(condition: AuthorizationCondition, doubt: boolean): Test {
  if (isTextual(condition)) {
    const text = compileText(condition.match);
    if (!text) return doubt ? always : never;
    const attribute = attributeOf(condition);
    return (subject) => attribute.some(subject, text);
  }
  switch (condition.kind) {
    case 'any':
      return always;
    case 'never':
      return never;
    case 'all':
      return allOf(condition.of.map((one) => compileCondition(one, doubt)));
    case 'some':
      return compileSome(condition.of, doubt);
    case 'not': {
      const test = compileCondition(condition.of, !doubt);
      return test === always ? never : test === never ? always : (subject) => !test(subject);
    }
    case 'source-ip':
    case 'remote-ip':
    case 'destination-ip': {
      const cidr = parseCidr(condition.cidr);
      if (!cidr) return doubt ? always : never;
      const { kind } = condition;
      return (subject) => {
        const bytes = addressBytes(kind, subject);
        return bytes === undefined ? doubt : cidrContains(cidr, bytes);
      };
    }
    case 'destination-port': {
      const { port } = condition;
      return (subject) => subject.localPort === port;
    }
    case 'path-template': {
      const template = compileTemplate(condition.template);
      return template ? (subject) => template.matches(pathOf(subject)) : doubt ? always : never;
    }
    case 'metadata':
      return doubt ? always : never;
  }
}

function allOf(tests: readonly Test[]): Test {
  const asked = tests.filter((test) => test !== always);
  if (asked.includes(never)) return never;
  const [first, second] = asked;
  if (!first) return always;
  if (!second) return first;
  return (subject) => {
    for (const test of asked) if (!test(subject)) return false;
    return true;
  };
}

function someOf(tests: readonly Test[]): Test {
  const asked = tests.filter((test) => test !== never);
  if (asked.includes(always)) return always;
  const [first, second] = asked;
  if (!first) return never;
  if (!second) return first;
  return (subject) => {
    for (const test of asked) if (test(subject)) return true;
    return false;
  };
}

/** One of these holds. Texts that one part of a request is compared with are looked up together, however many there are. */
export function compileSome(conditions: readonly AuthorizationCondition[], doubt: boolean): Test {
  const together = new Map<string, { of: TextualCondition; values: Set<string>; ignoreCase: boolean }>();
  const tests: Test[] = [];
  for (const condition of conditions) {
    if (!isTextual(condition) || condition.match.kind !== 'exact') {
      tests.push(compileCondition(condition, doubt));
      continue;
    }
    const { value, ignoreCase = false } = condition.match;
    const key = `${ignoreCase} ${attributeOf(condition).id}`;
    const group = together.get(key) ?? { of: condition, values: new Set(), ignoreCase };
    together.set(key, group);
    group.values.add(ignoreCase ? value.toLowerCase() : value);
  }
  for (const { of, values, ignoreCase } of together.values()) {
    const attribute = attributeOf(of);
    const text = new OneOf(values, ignoreCase);
    tests.push((subject) => attribute.some(subject, text));
  }
  return someOf(tests);
}
