import { describe, expect, it } from 'vitest';
import { placeOf, problemsOf } from '../testing.ts';
import { validateVirtualService } from '../virtual-service.ts';

const route = 'route: [{destination: {host: cart}}]';

function problems(rule: string): string[] {
  const yaml = `{hosts: [cart], http: [{${rule}}]}`;
  return problemsOf(validateVirtualService, 'VirtualService', yaml).map((p) => placeOf(p).replace('spec.http[0]', '').replace('IST0106 ', ''));
}

describe('what a rule does', () => {
  it.each([
    ['route', route, []],
    ['redirect', 'redirect: {uri: /}', []],
    ['direct response', 'directResponse: {status: 200}', []],
    ['delegate', 'delegate: {name: a}', []],
    ['nothing', 'timeout: 1s', ['']],
    ['an empty route', 'route: []', ['']],
    ['delegate and route', `delegate: {name: a}, ${route}, fault: {delay: {fixedDelay: 1s}}`, ['.route']],
    [
      'redirect and others',
      `redirect: {uri: /}, ${route}, fault: {delay: {fixedDelay: 1s}}, rewrite: {uri: /}, directResponse: {status: 200}`,
      ['.route', '.fault', '.rewrite', '.directResponse'],
    ],
    ['direct response and route', `directResponse: {status: 200}, ${route}`, ['.route']],
    ['MAT-R27: mirror and mirrors', `${route}, mirror: {host: a}, mirrors: [{destination: {host: b}}]`, ['.mirrors']],
  ])('%s', (_, rule, expected) => {
    expect(problems(rule)).toEqual(expected);
  });

  it('a delegate cannot delegate', () => {
    const said = problemsOf(validateVirtualService, 'VirtualService', `{http: [{delegate: {name: a}, ${route}}]}`);
    expect(said.map(placeOf)).toEqual(['IST0106 spec.http[0].delegate']);
  });
});

describe('matches', () => {
  it.each([
    ['headers: {x-a: {exact: ""}, ":path": {prefix: /}, x-b: {}}', []],
    ['headers: {x-a: {prefix: ""}}', ['.headers.x-a.prefix']],
    ['headers: {"x a": {exact: b}}', ['.headers["x a"]']],
    ['headers: {a: {regex: "*"}}', ['.headers.a.regex']],
    ['withoutHeaders: {a: {regex: "*"}}', []],
    ['withoutHeaders: {a: {regex: "["}}', ['.withoutHeaders.a.regex']],
    ['uri: {prefix: ""}', []],
    ['uri: {regex: ""}', ['.uri.regex']],
    ['method: {prefix: ""}', ['.method.prefix']],
    ['queryParams: {q: {regex: "(?!a)"}}', ['.queryParams.q.regex']],
    ['port: 0', []],
    ['port: 65536', ['.port']],
    ['sourceLabels: {app: a b}', ['.sourceLabels.app']],
    ['sourceNamespace: A_b', ['.sourceNamespace']],
    ['gateways: [edge.front.svc]', []],
    ['gateways: ["/edge"]', ['.gateways[0]', '.gateways[0]']],
  ])('%s', (match, expected) => {
    expect(problems(`match: [{${match}}], ${route}`)).toEqual(expected.map((place) => `.match[0]${place}`));
  });
});

describe('destinations', () => {
  it.each([
    ['[{destination: {host: "*.example", subset: v1, port: {number: 80}}}]', []],
    ['[{}]', ['[0]']],
    ['[null]', ['[0]']],
    ['[{destination: {}}]', ['[0].destination']],
    ['[{destination: {host: "*"}}]', ['[0].destination.host']],
    ['[{destination: {host: a_b}}]', ['[0].destination.host']],
    ['[{destination: {host: a, subset: V_1}}]', ['[0].destination.subset']],
    ['[{destination: {host: a, port: {}}}]', ['[0].destination.port.number']],
    ['[{destination: {host: a}, weight: 0}]', []],
    ['[{destination: {host: a}}, {destination: {host: b}}]', ['']],
    ['[{destination: {host: a}, weight: 1}, {destination: {host: b}}]', []],
    ['[{destination: {host: a}, weight: -1}]', ['[0].weight']],
    ['[{destination: {host: a}, headers: {response: {remove: [host]}}}]', ['[0].headers.response.remove[0]']],
  ])('%s', (destinations, expected) => {
    expect(problems(`route: ${destinations}`)).toEqual(expected.map((place) => `.route${place}`));
  });
});

describe('other settings of a rule', () => {
  it.each([
    ['timeout: 0s', ['.timeout']],
    ['timeout: 0.067s', []],
    ['mirrors: [{}, {destination: {host: a}, percentage: {value: 101}}]', ['.mirrors[0]', '.mirrors[1].percentage']],
    ['mirror: {host: "*"}, mirrorPercentage: {value: 100}', ['.mirror.host']],
    ['mirrorPercentage: {value: -1}', ['.mirrorPercentage']],
    ['mirrorPercent: 100', ['IST0133 .mirrorPercent']],
    ['mirrorPercent: 101', ['.mirrorPercent', 'IST0133 .mirrorPercent']],
    ['fault: {}', ['.fault']],
    ['fault: {abort: {percentage: {value: 10}}}', []],
    ['fault: {abort: {httpStatus: 600}}', []],
    ['fault: {abort: {httpStatus: 199}}', ['.fault.abort.httpStatus']],
    ['fault: {abort: {grpcStatus: NOT_FOUND}}', []],
    ['fault: {abort: {grpcStatus: "5"}}', ['.fault.abort.grpcStatus']],
    ['fault: {abort: {http2Error: a}}', ['.fault.abort.http2Error']],
    ['fault: {delay: {fixedDelay: 1s, percentage: {value: 0.0001}}}', []],
    ['fault: {delay: {percentage: {value: 0.00001}}}', ['.fault.delay.percentage.value']],
    ['fault: {delay: {percentage: {value: "NaN"}}}', []],
    ['fault: {delay: {fixedDelay: 0s, exponentialDelay: 1s}}', ['.fault.delay.exponentialDelay']],
    ['fault: {abort: {httpStatus: 199, grpcStatus: NOT_FOUND}}', []],
    ['fault: {delay: {exponentialDelay: 1s}}', ['.fault.delay.exponentialDelay']],
    ['retries: {attempts: 0}', []],
    ['retries: {perTryTimeout: 1s}', ['.retries']],
    ['retries: {attempts: 0, backoff: 1s}', []],
    ['retries: {attempts: -1}', ['.retries.attempts']],
    ['retries: {attempts: 1, retryOn: "5xx,503,+404,reset-before-request"}', []],
    ['retries: {attempts: 1, retryOn: "5xx, reset,306,999,"}', ['.retries.retryOn', '.retries.retryOn', '.retries.retryOn', '.retries.retryOn']],
    ['rewrite: {}', ['.rewrite']],
    ['rewrite: {uri: /, uriRegexRewrite: {match: a, rewrite: b}}', ['.rewrite']],
    ['rewrite: {uriRegexRewrite: {match: a}}', ['.rewrite.uriRegexRewrite']],
    ['rewrite: {uriRegexRewrite: {match: "(", rewrite: b}}', ['.rewrite.uriRegexRewrite.match']],
    ['rewrite: {authority: a}, headers: {request: {add: {Host: b}}}', ['.headers.request.add.Host']],
    ['headers: {request: {set: {host: a, ":authority": b}}}', ['.headers.request.set[":authority"]']],
    ['headers: {request: {set: {":path": a, x: "1%"}}}', ['.headers.request.set[":path"]', '.headers.request.set.x']],
    ['corsPolicy: {allowOrigins: [{regex: ".*"}], allowMethods: ["*"], allowHeaders: ["*"], maxAge: 24h}', []],
    [
      'corsPolicy: {allowOrigins: [{exact: ""}, null, {regex: "["}]}',
      ['.corsPolicy.allowOrigins[0]', '.corsPolicy.allowOrigins[1]', '.corsPolicy.allowOrigins[2].regex'],
    ],
    ['corsPolicy: {allowMethods: [get], exposeHeaders: [a b]}', ['.corsPolicy.allowMethods[0]', '.corsPolicy.exposeHeaders[0]']],
    ['corsPolicy: {maxAge: 1.5s}', ['.corsPolicy.maxAge']],
  ])('MAT-R27: %s', (settings, expected) => {
    expect(problems(`${route}, ${settings}`)).toEqual(expected);
  });
});

describe('rules that answer by themselves', () => {
  it.each([
    ['redirect: {}', ['.redirect']],
    ['redirect: {derivePort: FROM_REQUEST_PORT}', []],
    ['redirect: {uri: /, redirectCode: 308}', []],
    ['redirect: {uri: /, redirectCode: 200, scheme: ftp}', ['.redirect.redirectCode']],
    ['redirect: {scheme: ftp}', ['.redirect.scheme']],
    ['redirect: {port: 65536}', ['.redirect.port']],
    ['directResponse: {}', ['.directResponse.status']],
    [`directResponse: {status: 200, body: {string: ${'a'.repeat(102_400)}}}`, []],
    [`directResponse: {status: 200, body: {string: ${'a'.repeat(102_401)}}}`, ['IST0133 .directResponse.body']],
    [`directResponse: {status: 200, body: {bytes: ${'AAAA'.repeat(349_526)}}}`, ['.directResponse.body']],
  ])('%.60s', (rule, expected) => {
    expect(problems(rule)).toEqual(expected);
  });
});
