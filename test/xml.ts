/** Why a text is not well-formed XML, as far as reports need it: no DTD, no CDATA, no processing instructions but the first line. */
export function xmlError(text: string): string | undefined {
  const body = text.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  if (body === text) return 'no declaration';
  const bad = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.exec(body);
  if (bad) return `U+${bad[0].codePointAt(0)?.toString(16)} is no character of XML`;
  const token =
    /<(?<close>\/)?(?<name>[A-Za-z_][\w.-]*)(?<attributes>(?:\s+[A-Za-z_][\w.-]*="(?:[^<&"]|&(?:amp|lt|gt|quot|apos|#\d+);)*")*)\s*(?<empty>\/)?>|(?:[^<&]|&(?:amp|lt|gt|quot|apos|#\d+);)+/y;
  const open: string[] = [];
  let roots = 0;
  while (token.lastIndex < body.length) {
    const at = token.lastIndex;
    const found = token.exec(body);
    if (!found) return `at ${at}: ${body.slice(at, at + 40)}`;
    const { close, name, attributes, empty } = found.groups ?? {};
    if (name === undefined) {
      if (open.length === 0 && found[0].trim() !== '') return 'text outside of the root';
      continue;
    }
    if (close) {
      if (open.pop() !== name) return `</${name}> closes nothing`;
      continue;
    }
    const names = [...(attributes ?? '').matchAll(/([A-Za-z_][\w.-]*)="[^"]*"/g)].map((m) => m[1]);
    if (new Set(names).size < names.length) return `<${name}> has an attribute twice`;
    if (open.length === 0 && ++roots > 1) return 'two roots';
    if (!empty) open.push(name);
  }
  return open.length > 0 ? `<${open.at(-1)}> is not closed` : roots === 1 ? undefined : 'no root';
}
