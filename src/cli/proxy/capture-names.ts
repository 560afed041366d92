// Short names of the arguments of `weft proxy capture`. Some are also short names of flags that every command has (`-i`, `-c`), which
// would take them.
const longNames: Readonly<Record<string, string>> = {
  p: 'outbound-port',
  z: 'inbound-port',
  u: 'uid',
  g: 'gid',
  m: 'mode',
  i: 'include-outbound-ranges',
  x: 'exclude-outbound-ranges',
  b: 'include-inbound-ports',
  d: 'exclude-inbound-ports',
  o: 'exclude-outbound-ports',
  q: 'include-outbound-ports',
  k: 'virtual-interfaces',
  c: 'exclude-interfaces',
};

/** The command line with long names after `proxy capture`; any other as it is. */
export function withLongNames(argv: readonly string[]): string[] {
  if (argv[0] !== 'proxy' || argv[1] !== 'capture') return [...argv];
  return argv.flatMap((word) => {
    const [, letter = '', value = ''] = /^-([a-z])(.*)$/s.exec(word) ?? [];
    const name = longNames[letter];
    if (name === undefined) return [word];
    return value === '' ? [`--${name}`] : [`--${name}`, value.replace(/^=/, '')];
  });
}
