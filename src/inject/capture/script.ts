// The rules as a shell script: what a pod runs is what a person reads (`weft proxy capture --dry-run`).
import type { CaptureOptions } from './options.ts';
import { captureRules, chains, type Family, jumps, ruleText } from './rules.ts';

/** Our chains; each before those that it jumps to, which is the order in which they can be deleted. */
const own = [chains.inbound, chains.outbound, chains.toInbound, chains.toOutbound];

const tools = `
# The program that works here: the system's own, else that of nftables, else the older one.
working() {
  for program in "$1" "$1-nft" "$1-legacy"; do
    if command -v "$program" >/dev/null 2>&1 && "$program" -w -t nat -S >/dev/null 2>&1; then
      echo "$program"
      return
    fi
  done
}

fail() {
  echo "weft proxy capture: $1" >&2
  exit 1
}

v4=$(working iptables)
v6=$(working ip6tables)
[ -n "$v4" ] || fail "iptables does not work here: it needs root with NET_ADMIN and NET_RAW, and a kernel with the table nat"
`;

/**
 * A POSIX shell script that redirects; run again, it replaces what it did before. Rules of one address family change all at once.
 *
 * It fails without iptables, and without ip6tables in a pod that has an IPv6 address, which would be open otherwise.
 */
export function captureScript(options: CaptureOptions): string {
  return `#!/bin/sh
# Redirects TCP connections of this pod to its sidecar: what the application sends to port ${options.outboundPort}, what it receives to
# port ${options.inboundPort}. Those of the sidecar itself (user ${options.uids.join(', ') || 'none'}, group ${options.gids.join(', ') || 'none'}) go where they are meant to.
set -eu
${tools}
rules_v4() {
${heredoc(options, 4)}
}

rules_v6() {
${heredoc(options, 6)}
}

# A rule that is there already is not added again.
jump() {
  "$1" -w -t nat -C "$2" -p tcp -j "$3" 2>/dev/null || echo "-A $2 -p tcp -j $3"
}

apply() {
  {
    echo '*nat'
    "$2"
${jumps.map(({ chain, target: [target] }) => `    jump "$1" ${chain} ${target}`).join('\n')}
    echo COMMIT
  } | "$1-restore" -w --noflush || fail "$1-restore refuses the rules"
}

apply "$v4" rules_v4

# Other than those of lo, and of a link alone (scope 20).
has_v6_address() {
  while read -r _ _ _ scope _ interface; do
    case $interface:$scope in lo:* | *:20) ;; *) return 0 ;; esac
  done </proc/net/if_inet6
  return 1
}

if [ -n "$v6" ]; then
  apply "$v6" rules_v6
  # The sidecar connects to the application from this address.
  if [ -e /proc/net/if_inet6 ]; then
    ip -6 address replace ::6/128 dev lo 2>/dev/null || ! has_v6_address || fail "the address ::6 cannot be added to the interface lo (ip -6 address replace ::6/128 dev lo)"
  fi
elif [ -e /proc/net/if_inet6 ] && has_v6_address; then
  fail "ip6tables does not work here, and this pod has an IPv6 address: its connections would pass the sidecar by"
fi
`;
}

/** A shell script that takes away what `captureScript` did; without anything to take away it does nothing. */
export function cleanScript(): string {
  return `#!/bin/sh
# Takes away the rules by which connections of this pod are redirected to its sidecar.
set -eu
${tools}
clean() {
${jumps.map(({ chain, target: [target] }) => `  while "$1" -w -t nat -D ${chain} -p tcp -j ${target} 2>/dev/null; do :; done`).join('\n')}
  for chain in ${own.join(' ')}; do
    "$1" -w -t nat -F "$chain" 2>/dev/null || true
  done
  for chain in ${own.join(' ')}; do
    "$1" -w -t nat -X "$chain" 2>/dev/null || true
  done
}

clean "$v4"
if [ -n "$v6" ]; then
  clean "$v6"
  ip -6 address del ::6/128 dev lo 2>/dev/null || true
fi
`;
}

/** A chain that is named anew is emptied. */
function heredoc(options: CaptureOptions, family: Family): string {
  const lines = [...own.map((chain) => `:${chain} - [0:0]`), ...captureRules(options, family).map(ruleText)];
  return `  cat <<'END'\n${lines.join('\n')}\nEND`;
}
