import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../decode.ts';
import { validatePeerAuthentication } from './peer-authentication.ts';
import { placeOf, problemsOf } from './testing.ts';

const places = (yaml: string): string[] => problemsOf(validatePeerAuthentication, 'PeerAuthentication', yaml).map(placeOf);
const selector = 'selector: {matchLabels: {app: cart}}';

describe('validatePeerAuthentication', () => {
  it.each([
    ['mtls: {mode: STRICT}', []],
    [`{${selector}, portLevelMtls: {1: {mode: DISABLE}, "65535": null}}`, []],
    [`{${selector}, portLevelMtls: {}}`, []],
    ['portLevelMtls: {8080: {mode: DISABLE}}', ['IST0106 spec.portLevelMtls']],
    ['{selector: {}, portLevelMtls: {8080: {mode: DISABLE}}}', ['IST0106 spec.portLevelMtls', 'IST0133 spec.selector']],
    [`{${selector}, portLevelMtls: {0: {mode: DISABLE}}}`, ['IST0106 spec.portLevelMtls["0"]']],
    [`{${selector}, portLevelMtls: {65536: {mode: DISABLE}}}`, ['IST0106 spec.portLevelMtls["65536"]']],
    ['selector: {matchLabels: {"*": cart}}', ['IST0106 spec.selector.matchLabels["*"]']],
  ])('checks %s', (yaml, expected) => {
    expect(places(yaml)).toEqual(expected);
  });

  it('has ports for keys, which is a matter of types', () => {
    const decode = (port: string) =>
      decodeMessage('istio.security.v1beta1.PeerAuthentication', { portLevelMtls: { [port]: { mode: 'STRICT' } } }, ['spec']).errors.length;
    expect([decode('8080'), decode('0'), decode('http'), decode('-1'), decode('080')]).toEqual([0, 0, 1, 1, 1]);
  });
});
