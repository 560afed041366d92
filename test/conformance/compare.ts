// Compares findings with the recorded ones by code, level, resource, line and the facts in the text.

export interface Said {
  code: string;
  level: string;
  origin: string;
  line: number | undefined;
  text: string;
}

/** What a message must tell whatever its words: the names, hosts, ports and values in it. */
export function facts(text: string): string[] {
  const out = new Set<string>();
  const pattern = /"([^"]*)"|`([^`]*)`|\[([^\]]*)\]|(\S*[\w*][/.:+#=][\w*]\S*)|\b(\d+)\b/g;
  for (const match of text.matchAll(pattern)) {
    for (const part of match.slice(1)) {
      for (const word of (part ?? '').split(/[^\p{L}\p{N}_.*@-]+/u)) if (/[\p{L}\p{N}_]|\*/u.test(word)) out.add(word);
    }
  }
  for (const word of ['host', 'port', 'subset', 'in']) out.delete(word);
  return [...out];
}

function lineFits(expected: number | undefined, got: number | undefined, starts: readonly number[][]): boolean {
  if (expected === undefined || expected === got) return true;
  if (got === undefined) return false;
  return starts.some((docs) => {
    if (!docs.includes(expected)) return false;
    const end = docs.find((d) => d > expected) ?? Number.POSITIVE_INFINITY;
    return got >= expected && got < end;
  });
}

const trimDots = (text: string): string => text.replace(/^\.+|\.+$/g, '');

export interface Difference {
  missing: Said[];
  extra: Said[];
}

/** @param starts lines where documents start, a list for each file */
export function difference(got: readonly Said[], expected: readonly Said[], starts: readonly number[][]): Difference {
  const rest = [...got];
  const missing: Said[] = [];
  for (const e of expected) {
    const known = facts(e.text.replace(/[ \t\u00a0]+/g, ' '));
    const hit = rest.findIndex(
      (g) =>
        g.code === e.code &&
        g.level === e.level &&
        g.origin === e.origin &&
        lineFits(e.line, g.line, starts) &&
        known.every((fact) => g.text.replace(/[ \t\u00a0]+/g, ' ').includes(trimDots(fact))),
    );
    if (hit < 0) missing.push(e);
    else rest.splice(hit, 1);
  }
  return { missing, extra: rest };
}
