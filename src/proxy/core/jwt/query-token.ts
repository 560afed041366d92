// Tokens in the query of a request's target.

/** Value of the first parameter of that name, percent-decoded; undefined: there is none. A name without `=` has an empty value. */
export function queryToken(path: string, pathEnd: number, name: string): string | undefined {
  for (const [from, to] of parametersOf(path, pathEnd)) {
    const equals = path.indexOf('=', from);
    const nameEnd = equals < 0 || equals >= to ? to : equals;
    if (percentDecoded(path.slice(from, nameEnd)) === name) return nameEnd === to ? '' : percentDecoded(path.slice(nameEnd + 1, to));
  }
  return undefined;
}

/** The target without all parameters of that name. Envoy also sorts and decodes the others, which changes what they say; here they stay as they are. */
export function withoutQueryToken(path: string, pathEnd: number, name: string): string {
  const kept = parametersOf(path, pathEnd)
    .map(([from, to]) => path.slice(from, to))
    .filter((parameter) => percentDecoded(parameter.split('=', 1)[0] as string) !== name);
  const query = kept.join('&');
  return query === '' ? path.slice(0, pathEnd) : `${path.slice(0, pathEnd)}?${query}`;
}

function parametersOf(path: string, pathEnd: number): [from: number, to: number][] {
  const found: [number, number][] = [];
  for (let from = pathEnd + 1; from < path.length; ) {
    const next = path.indexOf('&', from);
    const to = next < 0 ? path.length : next;
    found.push([from, to]);
    from = to + 1;
  }
  return found;
}

/** What is no escape stays; `+` is no space. */
export function percentDecoded(text: string): string {
  return text.includes('%') ? text.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) : text;
}
