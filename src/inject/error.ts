import type { Path } from '../manifest/problem.ts';

/** A pod or a configuration that injection cannot go on with. The message is for users. */
export class InjectionError extends Error {
  /** The field that is wrong, from the pod's own root (`['metadata', 'annotations', NAME]`); empty where it is none of the pod's. */
  readonly path: Path;
  readonly help: string | undefined;

  constructor(message: string, path: Path = [], help?: string) {
    super(message);
    this.name = 'InjectionError';
    this.path = path;
    this.help = help;
  }
}
