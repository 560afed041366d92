import { expect, test } from 'vitest';
import { placeOf, problemsOf } from './testing.ts';
import { validateWorkloadEntry } from './workload-entry.ts';

test.each<[string, string[]]>([
  ['{}', ['IST0106 spec.address']],
  ['{ports: {"@": 0}}', ['IST0106 spec.address']],
  ['{network: net, ports: {"@": 1}}', ['IST0133 spec.address', 'IST0106 spec.ports["@"]']],
  ['{address: 10.0.0.1}', []],
  ['{address: "fe80::1%eth0"}', []],
  ['{address: vm.shop.example}', []],
  ['{address: "vm_1 .shop"}', ['IST0106 spec.address']],
  ['{address: 10.0.0.256}', ['IST0106 spec.address']],
  ['{address: "unix:///run/a.sock"}', []],
  ['{address: "unix://@a", ports: {http: 80}}', ['IST0106 spec.ports']],
  ['{address: "unix://run/a.sock"}', ['IST0106 spec.address']],
  ['{address: "unix://"}', ['IST0106 spec.address']],
  ['{address: a.b, ports: {http: 0, a_b: 80}}', ['IST0106 spec.ports.http', 'IST0106 spec.ports.a_b']],
  ['{address: a.b, labels: {"-": x}}', ['IST0106 spec.labels["-"]']],
])('%s', (spec, places) => {
  expect(problemsOf(validateWorkloadEntry, 'WorkloadEntry', spec).map(placeOf)).toEqual(places);
});
