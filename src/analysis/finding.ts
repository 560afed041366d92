import type { Fix, Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import type { Level } from './message.ts';

/** Another place that has to do with a finding. */
export interface Related {
  resource: Resource;
  path?: Path;
  text: string;
}

/** One thing found in one place. Lines are computed when it is printed. */
export interface Finding {
  code: string;
  level: Level;
  /** Name of the analyzer. */
  analyzer: string;
  text: string;
  /** What the code is about, in one line. */
  summary: string;
  resource: Resource;
  /** The field, from the root of the document (`['spec', 'http', 0]`); absent for the whole resource. */
  path: Path | undefined;
  help: string | undefined;
  effect: string | undefined;
  related: readonly Related[];
  fix: Fix | undefined;
  /** What makes two findings of one resource the same to the reference, which knows fewer lines and says less. */
  same: string | undefined;
  /** The same for two findings of which the reference says the same words, though the texts differ. */
  words?: string;
}
