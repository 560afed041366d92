// Values of headers as Envoy reads them: `%VARIABLE%` and `%VARIABLE(arguments)%` are replaced, `%%` is a percent sign.
import type { Path } from '../../manifest/problem.ts';
import type { ProblemSink } from './validator.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters but the tab are what is looked for
const controlCharacter = /[\u0000-\u0008\u000a-\u001f\u007f]/;

type State = 'variable' | 'arguments' | 'quote' | 'text' | 'separator' | 'close' | 'end';

/** Where each character leads from a state; a character that is not listed leads to `*`, or is an error where there is none. */
const transitions: Readonly<Record<State, Readonly<Record<string, State | 'literal'>>>> = {
  variable: { '%': 'literal', '(': 'arguments', '*': 'variable' },
  arguments: { '[': 'quote', ' ': 'arguments', '*': 'text' },
  quote: { '"': 'text', ' ': 'quote' },
  text: { ')': 'end', '"': 'separator', '*': 'text' },
  separator: { ',': 'quote', ']': 'close', ' ': 'separator' },
  close: { ')': 'end', ' ': 'close' },
  end: { '%': 'literal', ' ': 'end' },
};

const expected: Readonly<Partial<Record<State, string>>> = { quote: '"', separator: ', or ]', close: ')', end: '%' };

interface ValueProblem {
  text: string;
  /** As in ProblemExtra. */
  same: string;
}

/** What Envoy does not understand in a header's value. */
export function headerValueProblem(value: string): ValueProblem | undefined {
  const shown = JSON.stringify(value);
  if (controlCharacter.test(value)) return { text: `header value ${shown} has a control character`, same: `header value control ${value}` };
  let state = 'literal' as State | 'literal';
  for (let i = 0; i < value.length; i++) {
    const ch = value[i] as string;
    if (state === 'literal') {
      if (ch !== '%') continue;
      if (i + 1 === value.length) return { text: `header value ${shown} ends with a single %`, same: 'header value unescaped' };
      if (value[i + 1] === '%') i++;
      else state = 'variable';
    } else if (state === 'text' && ch === '\\') {
      if (++i === value.length)
        return { text: `header value ${shown} ends with a backslash inside the arguments of a variable`, same: 'header value backslash' };
    } else {
      const next: State | 'literal' | undefined = transitions[state][ch] ?? transitions[state]['*'];
      if (!next)
        return { text: `header value ${shown} has ${JSON.stringify(ch)} inside a variable where ${expected[state]} belongs`, same: `header value ${state}` };
      state = next;
    }
  }
  if (state === 'literal') return undefined;
  return { text: `header value ${shown} has a % that begins a variable, and the variable does not end`, same: `header value open ${value}` };
}

export function checkHeaderValue(sink: ProblemSink, path: Path, value: string): void {
  const problem = headerValueProblem(value);
  if (problem) sink.error(path, problem.text, { same: problem.same, help: 'a variable is %NAME% or %NAME(argument)%; write %% for a percent sign' });
}
