#!/usr/bin/env bash
# Builds the image and runs it as a pod does: check-image.sh [--envoy VERSION] [--base IMAGE] [--builder IMAGE] [--keep TAG]
#
# As root on Debian or Ubuntu, with buildah and, where no --base and --builder are named, mmdebstrap and npm: a base image is then made of
# the packages of Debian, so that no registry of images is needed. Takes two to four minutes. It is no part of .ci/run.
set -euo pipefail
cd "$(dirname "$0")/.."

envoy='' base='' builder='' keep=''
while [ $# -gt 0 ]; do
  case $1 in
    --envoy) envoy=$2 ;;
    --base) base=$2 ;;
    --builder) builder=$2 ;;
    --keep) keep=$2 ;;
    *) echo "check-image.sh: $1 is none of --envoy, --base, --builder, --keep" >&2 && exit 64 ;;
  esac
  shift 2
done
[ "$(id -u)" = 0 ] || { echo 'check-image.sh: it needs root, to change into the file system of the image' >&2; exit 1; }
for tool in buildah $([ -n "$base" ] && [ -n "$builder" ] || echo mmdebstrap npm) unshare setpriv; do
  command -v "$tool" > /dev/null || { echo "check-image.sh: $tool is not installed: apt-get install buildah mmdebstrap util-linux" >&2; exit 1; }
done

work=$(mktemp -d)
export BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot}
store=(--root "$work/store" --runroot "$work/run")
[ -z "$keep" ] || store=()
cleanup() {
  status=$?
  [ -z "${container:-}" ] || buildah "${store[@]}" rm "$container" > /dev/null 2>&1 || true
  rm -rf "$work"
  exit "$status"
}
trap cleanup EXIT

# What this machine says of package registries is for the build, too: never for the image.
options=()
authorities=$(npm config get cafile 2> /dev/null || true)
[ -f "$authorities" ] || authorities=${PIP_CERT:-}
cat "$(npm config get globalconfig 2> /dev/null)" /usr/local/etc/npmrc "$HOME/.npmrc" 2> /dev/null | grep -v '^cafile' > "$work/npmrc" || true
cat /etc/pip.conf > "$work/pip.conf" 2> /dev/null || echo '[global]' > "$work/pip.conf"
if [ -f "$authorities" ]; then
  options+=(--volume "$authorities:/run/authorities.crt:ro")
  echo 'cafile=/run/authorities.crt' >> "$work/npmrc"
  sed -i -e '/^cert\b/d' -e '/^\[global\]/a cert = /run/authorities.crt' "$work/pip.conf"
fi
options+=(--secret "id=npmrc,src=$work/npmrc" --secret "id=pipconf,src=$work/pip.conf")

if [ -z "$base" ] || [ -z "$builder" ]; then
  echo '== a base image of the packages of Debian'
  mmdebstrap --quiet --variant=minbase --include=ca-certificates,libstdc++6 bookworm "$work/base.tar"
  made=$(buildah "${store[@]}" from scratch)
  buildah "${store[@]}" add --quiet "$made" "$work/base.tar" / > /dev/null
  buildah "${store[@]}" commit --quiet "$made" localhost/weft-base > /dev/null
  # For the build: Node and npm of this machine.
  buildah "${store[@]}" add --quiet "$made" "$(node -p process.execPath)" /usr/local/bin/node > /dev/null
  buildah "${store[@]}" add --quiet "$made" "$(npm root --global)/npm" /usr/local/lib/node_modules/npm > /dev/null
  buildah "${store[@]}" run "$made" -- ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
  buildah "${store[@]}" commit --quiet "$made" localhost/weft-builder > /dev/null
  buildah "${store[@]}" rm "$made" > /dev/null
  base=${base:-localhost/weft-base} builder=${builder:-localhost/weft-builder}
fi

echo '== the image'
version=$(node -p 'require("./package.json").version')
buildah "${store[@]}" build --quiet --pull-never "${options[@]}" --build-arg BASE="$base" --build-arg BUILDER="$builder" --build-arg WITH_ENVOY="$envoy" \
  --build-arg VERSION="$version" --file deploy/Containerfile --tag "${keep:-localhost/weft-check}" . > /dev/null
container=$(buildah "${store[@]}" from "${keep:-localhost/weft-check}")
root=$(buildah "${store[@]}" mount "$container")
buildah "${store[@]}" inspect --type image --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Labels}}' "${keep:-localhost/weft-check}"
echo
echo "$(du -sm "$root" | cut -f1) MB:"
for part in usr opt/weft/dist opt/weft/docs opt/weft/node_modules; do du -sm "$root/$part" | sed "s|$root||"; done

bash deploy/run-image.sh "$root" ${envoy:+--envoy}
