// Test files of istio-config-validator: the fields that it has.
import { boolean, dictionary, fields, list, type Of, type Shape, scalar, text } from '../format/shape.ts';

/** A message of Istio as it is written in a virtual service; it is compared with one that was checked. */
const message = (about: string): Shape<object> => {
  const any = fields(about, {});
  return {
    schema: { type: 'object' },
    read: (value, path, reading) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value : any.read(value, path, reading)),
  };
};

const request = fields(
  'The requests: every combination.',
  {
    authority: list('Hosts.', text('Host.'), 1),
    method: list('Methods.', text('Method.'), 1),
    uri: list('Paths.', text('Path.'), 1),
    headers: dictionary('Headers of every request.', scalar('Value.')),
    scheme: text('Scheme.'),
    queryParams: dictionary('Query parameters of every request.', scalarOrNothing()),
  },
  ['authority', 'method', 'uri'],
);

function scalarOrNothing(): Shape<string> {
  const one = scalar('Value.');
  return { schema: {}, read: (value, path, reading) => (value === null ? '' : one.read(value, path, reading)) };
}

const testCase = fields(
  'One test case.',
  {
    description: scalar('What it is about.'),
    wantMatch: boolean('False: what is written here must not be there.'),
    request,
    route: list('Destinations of the rule.', message('A destination.')),
    redirect: message('The redirect of the rule.'),
    rewrite: message('The rewrite of the rule.'),
    fault: message('The fault of the rule.'),
    headers: message('Operations on headers of the rule.'),
    delegate: message('What the rule delegates to.'),
  },
  ['request'],
);

export const validatorFile = fields('Test cases of istio-config-validator.', { testCases: list('The test cases.', testCase) }, ['testCases']);

export type ValidatorCase = Of<typeof testCase>;
export type ValidatorExpectation = Pick<ValidatorCase, 'route' | 'redirect' | 'rewrite' | 'fault' | 'headers' | 'delegate'>;
