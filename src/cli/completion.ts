import type { Command } from 'commander';
import { analyzers } from '../../analyzers/index.ts';
import { profileNames } from '../install/profiles.ts';
import { componentNames } from '../install/values.ts';
import { logLevels } from '../proxy/telemetry/log.ts';
import { formatNames } from './analyze/outputs.ts';
import { usageError } from './exit.ts';
import { formats, resourceTypes } from './translate/formats.ts';

const scripts: Readonly<Record<string, string>> = {
  bash: `_weft() {
  local IFS=$'\\n'
  local candidates
  candidates=$(weft __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=($(compgen -W "$candidates" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _weft weft
`,
  zsh: `#compdef weft
_weft() {
  local -a candidates
  candidates=(\${(f)"$(weft __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  compadd -a candidates
  (( \${#candidates} )) || _files
}
compdef _weft weft
`,
  fish: `function __weft_complete
  set -l words (commandline -opc) (commandline -ct)
  weft __complete -- $words[2..-1] 2>/dev/null
end
complete -c weft -a '(__weft_complete)'
`,
  powershell: `Register-ArgumentCompleter -Native -CommandName weft -ScriptBlock {
  param($word, $ast, $cursor)
  $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($word -eq '') { $words += '' }
  weft __complete -- @words 2>$null | Where-Object { $_ -like "$word*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`,
};

/** @throws CliError (usage) for an unknown shell */
export function completionScript(shell: string): string {
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined) throw usageError(`there is no completion for "${shell}"`, `Shells: ${Object.keys(scripts).join(', ')}.`);
  return script;
}

/** Values of flags that have a known set. */
const values: Readonly<Record<string, () => readonly string[]>> = {
  '--output': formatNames,
  '--failure-threshold': () => ['Error', 'Warning', 'Info'],
  '--output-threshold': () => ['Error', 'Warning', 'Info'],
  '--profile': () => profileNames,
  '--filter': () => componentNames,
  '--preset': () => ['reference', 'recommended', 'strict'],
  '--assume': () => ['auto', 'complete', 'mesh-only'],
  '--analyzer': () => analyzers.map((a) => a.name),
  '--log-level': () => logLevels,
  '--log-format': () => ['text', 'json'],
  '--access-log-encoding': () => ['text', 'json'],
  '--engine': () => ['embedded', 'envoy'],
  '--mesh-tls': () => ['none', 'sds'],
  '--to': () => ['ir', 'envoy'],
  '--type': () => resourceTypes,
  '--xds-protocol': () => ['delta', 'sotw'],
};

/** Those of commands whose flags have others. */
const ownValues: Readonly<Record<string, typeof values>> = {
  bootstrap: { '--output': () => formats },
  dump: { '--output': () => ['yaml', 'json'] },
  list: { '--output': () => ['text', 'json'] },
  'proxy-status': { '--output': () => ['table', 'json', 'yaml'] },
  'route explain': { '--output': () => ['text', 'json', 'yaml'] },
  translate: { '--output': () => formats },
};

const argumentsOf: Readonly<Record<string, () => readonly string[]>> = {
  'route explain': () => ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'],
  explain: () => [...new Set(analyzers.flatMap((a) => Object.keys(a.messages)))].sort(),
  completion: () => Object.keys(scripts),
  dump: () => profileNames,
};

/** What can come next; empty where files are meant. The last word is the one being typed. */
export function candidates(root: Command, words: readonly string[]): string[] {
  const typed = words.at(-1) ?? '';
  let command = root;
  const taker = (before = '') => [...command.options, ...root.options].find((o) => !o.hidden && o.required && (o.long === before || o.short === before));
  for (const [i, word] of words.slice(0, -1).entries()) {
    // The value of a flag may be called as a command.
    if (!taker(words[i - 1])) command = command.commands.find((c) => c.name() === word || c.aliases().includes(word)) ?? command;
  }
  const ofCommand = <T>(table: Readonly<Record<string, T>>): T | undefined => table[`${command.parent?.name()} ${command.name()}`] ?? table[command.name()];
  const fits = (list: readonly string[]): string[] => list.filter((c) => c.startsWith(typed));
  const options = [...command.options, ...root.options].filter((o) => !o.hidden);
  const flag = taker(words.at(-2));
  if (flag) return fits((ofCommand(ownValues)?.[flag.long ?? ''] ?? values[flag.long ?? ''])?.() ?? []);
  if (typed.startsWith('-')) return fits(options.flatMap((o) => (o.long ? [o.long] : [])));
  const children = command.commands.filter((c) => !c.name().startsWith('__')).map((c) => c.name());
  if (children.length > 0) return fits([...children, 'help']);
  return fits(ofCommand(argumentsOf)?.() ?? []);
}
