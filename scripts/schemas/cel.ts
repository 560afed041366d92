// Turns the CEL rules of the schemas into JavaScript, so that nobody pays for a CEL interpreter who only reads manifests. What
// the code calls is in src/schema/structure/cel.ts.
import { parse } from '@bufbuild/cel';

type Expr = ReturnType<typeof parse>['expr'];

/** Functions of src/schema/structure/cel.ts by their name in CEL. */
const functions: Readonly<Record<string, string>> = {
  size: 'size',
  duration: 'duration',
  int: 'int',
  url: 'url',
  isURL: 'isUrl',
  isIP: 'isIp',
};

const operators: Readonly<Record<string, string>> = {
  '_==_': '===',
  '_!=_': '!==',
  '_<_': '<',
  '_<=_': '<=',
  '_>_': '>',
  '_>=_': '>=',
  '_+_': '+',
};

const macros = ['all', 'exists', 'existsOne', 'filter'] as const;

/** What the code of rules needs from outside: helpers to import, and patterns to compile once. */
export interface CelUses {
  helpers: Set<string>;
  /** Names of constants by the expression that makes them. */
  patterns: Map<string, string>;
}

/**
 * @returns a JavaScript function `(self) => boolean`; it throws where CEL has an error
 * @throws for what no rule of the schemas has needed so far
 */
export function compileRule(rule: string, uses: CelUses): string {
  return `(self) => ${emit(parse(rule).expr)}`;

  function call(helper: string, ...args: string[]): string {
    uses.helpers.add(helper);
    return `${helper}(${args.join(', ')})`;
  }

  function emit(expr: Expr): string {
    const { exprKind } = expr;
    switch (exprKind.case) {
      case 'constExpr': {
        const { constantKind } = exprKind.value;
        if (constantKind.case === 'int64Value' || constantKind.case === 'boolValue') return String(constantKind.value);
        if (constantKind.case === 'stringValue') return JSON.stringify(constantKind.value);
        throw new Error(`${constantKind.case} in ${rule}`);
      }
      case 'identExpr':
        return exprKind.value.name;
      case 'selectExpr': {
        const { operand, field, testOnly } = exprKind.value;
        return call(testOnly ? 'has' : 'get', emit(operand as Expr), JSON.stringify(unescapeField(field)));
      }
      case 'listExpr':
        return `[${exprKind.value.elements.map(emit).join(', ')}]`;
      case 'structExpr':
        if (exprKind.value.entries.length === 0) return '{}';
        throw new Error(`a map in ${rule}`);
      case 'comprehensionExpr':
        return emitMacro(exprKind.value);
      case 'callExpr':
        return emitCall(exprKind.value);
      default:
        throw new Error(`${exprKind.case} in ${rule}`);
    }
  }

  function emitCall({ function: name, target, args }: { function: string; target?: Expr; args: Expr[] }): string {
    const [a, b, c] = args;
    const text = (e: Expr | undefined): string => emit(e as Expr);
    if (operators[name]) return `(${text(a)} ${operators[name]} ${text(b)})`;
    switch (name) {
      case '!_':
        return `!${text(a)}`;
      case '_?_:_':
        return `(${text(a)} ? ${text(b)} : ${text(c)})`;
      case '_&&_':
      case '_||_': {
        const and = name === '_&&_';
        // An error on the left does not matter where the right side decides alone.
        if (mayFail(a as Expr) && !mayFail(b as Expr)) return `(${text(b)} ${and ? '&&' : '||'} ${text(a)})`;
        if (mayFail(a as Expr)) return call(and ? 'and' : 'or', `() => ${text(a)}`, `() => ${text(b)}`);
        return `(${text(a)} ${and ? '&&' : '||'} ${text(b)})`;
      }
      case '@in':
        return call('isIn', text(a), text(b));
      case '_[_]':
        return call('at', text(a), text(b));
      case 'matches':
        return call('matches', emit(target as Expr), pattern(args[0] as Expr));
      case 'substring':
      case 'split':
      case 'contains':
      case 'startsWith':
      case 'endsWith':
      case 'getScheme':
        return call(name, ...[target as Expr, ...args].map(emit));
      default:
        if (!functions[name]) throw new Error(`the function ${name} in ${rule}`);
        return call(functions[name], ...(target ? [target] : []).concat(args).map(emit));
    }
  }

  function pattern(expr: Expr): string {
    if (expr.exprKind.case !== 'constExpr' || expr.exprKind.value.constantKind.case !== 'stringValue') throw new Error(`a computed pattern in ${rule}`);
    const source = expr.exprKind.value.constantKind.value;
    const insensitive = source.startsWith('^(?i)');
    const made = `new RegExp(${JSON.stringify(insensitive ? `^${source.slice(5)}` : source)}${insensitive ? ', "i"' : ''})`;
    if (/\(\?(?!:)/.test(insensitive ? source.slice(5) : source)) throw new Error(`a pattern that is not JavaScript's in ${rule}`);
    const name = uses.patterns.get(made) ?? `celPattern${uses.patterns.size}`;
    uses.patterns.set(made, name);
    return name;
  }

  /** The parser has unfolded macros into loops: the accumulator's start tells them apart. */
  function emitMacro(loop: { iterVar: string; iterRange?: Expr; accuInit?: Expr; loopStep?: Expr }): string {
    const start = loop.accuInit?.exprKind;
    const constant = start?.case === 'constExpr' ? start.value.constantKind.value : undefined;
    const step = loop.loopStep?.exprKind.case === 'callExpr' ? loop.loopStep.exprKind.value : undefined;
    const macro = constant === true ? 'all' : constant === false ? 'exists' : constant === 0n ? 'existsOne' : start?.case === 'listExpr' ? 'filter' : undefined;
    // `result && test` and `result || test`, or `test ? result + … : result`.
    const test = macro === 'all' || macro === 'exists' ? step?.args[1] : step?.function === '_?_:_' ? step.args[0] : undefined;
    if (!macro || !macros.includes(macro) || !test) throw new Error(`a macro in ${rule}`);
    return call(macro, emit(loop.iterRange as Expr), `(${loop.iterVar}) => ${emit(test)}`);
  }
}

/** Whether evaluating it can be an error even for a value of the right types. */
function mayFail(expr: Expr): boolean {
  const { exprKind } = expr;
  switch (exprKind.case) {
    case 'constExpr':
    case 'identExpr':
      return false;
    case 'selectExpr':
      return !exprKind.value.testOnly || mayFail(exprKind.value.operand as Expr);
    case 'callExpr': {
      const { function: name, target, args } = exprKind.value;
      return ['_[_]', 'duration', 'int', 'url', 'substring'].includes(name) || [target, ...args].some((e) => e && mayFail(e));
    }
    default:
      return true;
  }
}

/** Fields named like a word of CEL are written `__namespace__`. */
function unescapeField(field: string): string {
  return /^__(\w+?)__$/.exec(field)?.[1] ?? field;
}
