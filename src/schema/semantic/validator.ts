import type { Fix, Level, Path, Problem } from '../../manifest/problem.ts';

/** What a validator knows of the resource besides its spec. */
export interface Target {
  kindName: string;
  name: string;
  namespace: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** Rules about metadata apply, too: `validate` and the presets that go beyond the reference's `analyze`. */
  metadata: boolean;
}

export interface ProblemExtra {
  help?: string;
  fix?: Fix;
  /**
   * The reference prints equal texts of one resource once. Where our text says more than the reference's (a field's name, for
   * one), this key stands for the reference's text: problems with equal keys count as one there.
   */
  same?: string;
}

export interface SchemaProblem extends Problem {
  same: string;
}

/** Collects the problems of one resource. Paths are from the spec: `['http', 0, 'timeout']`. */
export class ProblemSink {
  readonly problems: SchemaProblem[] = [];
  private readonly base: Path;

  constructor(base: Path = ['spec']) {
    this.base = base;
  }

  /** IST0106: the reference refuses the resource. */
  error(path: Path, text: string, extra: ProblemExtra = {}): void {
    this.add('IST0106', 'Error', path, text, extra);
  }

  /** IST0133: the reference accepts the resource with a warning. */
  warning(path: Path, text: string, extra: ProblemExtra = {}): void {
    this.add('IST0133', 'Warning', path, text, extra);
  }

  add(code: string, level: Level, path: Path, text: string, extra: ProblemExtra = {}): void {
    const { same = text, ...rest } = extra;
    this.problems.push({ code, level, text, path: [...this.base, ...path], same: `${code} ${same}`, ...rest });
  }
}

/** Checks one decoded spec. Pure; says everything through the sink and never throws for what the spec contains. */
export type Validator<Spec> = (spec: Spec, sink: ProblemSink, target: Target) => void;
