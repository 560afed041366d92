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
  readonly problems: SchemaProblem[];
  private readonly base: Path;
  private readonly warnings: boolean;
  private readonly errorPrefix: string;

  constructor(base: Path = ['spec'], problems: SchemaProblem[] = [], warnings = true, errorPrefix = '') {
    this.base = base;
    this.problems = problems;
    this.warnings = warnings;
    this.errorPrefix = errorPrefix;
  }

  /** The same sink, but warnings are lost: the reference joins the problems of some parts as errors only. */
  errorsOnly(): ProblemSink {
    return new ProblemSink(this.base, this.problems, false, this.errorPrefix);
  }

  /** The same sink, but its errors (not its warnings) begin with a text that says whose they are. */
  withErrorPrefix(prefix: string): ProblemSink {
    return new ProblemSink(this.base, this.problems, this.warnings, prefix);
  }

  /** IST0106: the reference refuses the resource. */
  error(path: Path, text: string, extra: ProblemExtra = {}): void {
    this.add('IST0106', 'Error', path, `${this.errorPrefix}${text}`, extra);
  }

  /** IST0133: the reference accepts the resource with a warning. */
  warning(path: Path, text: string, extra: ProblemExtra = {}): void {
    if (this.warnings) this.add('IST0133', 'Warning', path, text, extra);
  }

  add(code: string, level: Level, path: Path, text: string, extra: ProblemExtra = {}): void {
    const { same = text, ...rest } = extra;
    this.problems.push({ code, level, text, path: [...this.base, ...path], same: `${code} ${same}`, ...rest });
  }
}

/** Checks one decoded spec. Pure; says everything through the sink and never throws for what the spec contains. */
export type Validator<Spec> = (spec: Spec, sink: ProblemSink, target: Target) => void;
