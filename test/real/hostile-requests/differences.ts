interface Difference {
  why: string;
  /** Of the embedded engine. */
  status: number;
  requests: readonly string[];
}

const encodedDots = ['/x/%2e%2e;/exact', '/x/.%2e;/exact', '/%2e;/exact'];

/** Where the embedded engine does something else than Envoy, and why that lets nobody in. */
export const differences: readonly Difference[] = [
  {
    why: 'dots that are written as escapes have parameters, too: Envoy passes on `..;`, which servers that know parameters take for `..`',
    status: 403,
    requests: encodedDots.map((target) => `target ${JSON.stringify(target)}`),
  },
  { why: 'the same, of a single dot', status: 200, requests: ['target "/exact/%2e;x"'] },
  { why: 'the path of a URL without one is `/` (RFC 9112, 3.2.1), which no policy is for', status: 200, requests: ['target "http://shop.example?x"'] },
  { why: 'Envoy refuses URLs with https over plain text before the policies do', status: 403, requests: ['target "https://shop.example/exact"'] },
  { why: 'user information is in no target, and in no Host header (RFC 9110, 4.2.4)', status: 400, requests: ['host: a user in front', 'host: with @'] },
  {
    why: 'user information, in a URL',
    status: 400,
    requests: ['target "http://user@secret.example/a"', 'target "http://secret.example@shop.example/a"'],
  },
  { why: 'white space between target and version, and behind the method', status: 400, requests: ['target "/exact\\t"', 'method DELETE '] },
  {
    why: 'lines that go on in the next one (RFC 9112, 5.2)',
    status: 400,
    requests: ['host: white space in front of the name', 'headers x-role: bloc and  ked'],
  },
];
