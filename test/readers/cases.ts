// The recorded cases that all readers are asked about, and where they differ on purpose.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { conformance } from '../routing/case-mesh.ts';
import { caseFiles, type RoutingCase, readCase } from '../routing/corpus.ts';
import type { CaseReport } from './read-case.ts';

/** Of both folders; what a sidecar does with requests to its own workload is no route: of that, who may come in. Empty where nothing is recorded. */
export function casesOfReaders(only = /./): RoutingCase[] {
  const folders = ['routing', 'roles'].map((name) => join(conformance, name)).filter((folder) => existsSync(folder));
  return folders.flatMap((folder) => caseFiles(folder, only).map(readCase)).filter(({ role, id }) => role !== 'inbound' || ofSecurity.test(id));
}

const ofSecurity = /^(?:authz|jwt|mtls)-/;

/** What a reader says otherwise than the recording, and why that is right: the start of each difference. */
const listed: readonly { id: string; difference: RegExp; why: string }[] = [
  {
    id: 'weights-missing-subset',
    difference: /^test, \w+, step 0: destinations: /,
    why: 'a test fails where a destination that gets requests does not exist, even if it is named: that is what it is for',
  },
];

/** Those that are not listed, and what is listed and does not differ any more. */
export function unlisted({ id, differences }: CaseReport): string[] {
  const own = listed.filter((one) => one.id === id);
  const stale = own.filter(({ difference }) => !differences.some((text) => difference.test(text)));
  return [
    ...differences.filter((text) => !own.some(({ difference }) => difference.test(text))),
    ...stale.map(({ why }) => `it does not differ any more: take it out of the list (${why})`),
  ];
}
