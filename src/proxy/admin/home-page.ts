import type { Endpoint } from './http-server.ts';

/** A page with a link or a button for each path. It has no script. */
export function homePage(endpoints: readonly Endpoint[], version: string, program = 'weft proxy'): string {
  const rows = endpoints
    .filter(({ path }) => path !== '/')
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, help, parameters, post }) => {
      const command = post
        ? `<form method="post" action="${escaped(path)}"><button>${escaped(path)}</button></form>`
        : `<a href="${escaped(path)}">${escaped(path)}</a>`;
      const more = Object.entries(parameters ?? {}).map(([name, meaning]) => `<br><code>${escaped(name)}</code> ${escaped(meaning)}`);
      return `<tr><td>${command}</td><td>${escaped(help)}${more.join('')}</td></tr>\n`;
    });
  const style = 'body{font-family:sans-serif}td{padding:.3em 1em;vertical-align:top}form{margin:0}';
  return `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>${program}</title><style>${style}</style></head><body>
<h1>${program} ${escaped(version)}</h1>\n<table>\n${rows.join('')}</table></body></html>\n`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
