#!/bin/sh
# Puts together the files of the image: image-files.sh CHECKOUT TARGET, run in the container that the system's part is taken from.
#
# The system's part is what the programs load: no package manager, and no tool but a shell, iptables and ip.
set -eu
weft=$1
image=$2

mkdir -p "$image/opt/weft/node_modules" "$image/tmp" "$image/run" "$image/proc" "$image/sys" "$image/dev" "$image/etc" "$image/var/lib/dpkg/status.d"
chmod 1777 "$image/tmp"

# Of the package, what runs: all dependencies are in dist/, but for native code.
cp -R "$weft/bin" "$weft/dist" "$weft/docs" "$weft/package.json" "$weft/LICENSE" "$image/opt/weft/"
for node in "$weft"/node_modules/node-linux-*; do
  to=$image/opt/weft/node_modules/${node##*/}
  mkdir -p "$to/bin"
  cp "$node/LICENSE" "$node/package.json" "$to/"
  # Without the names of its functions, which only those need who debug it: a seventh of its size.
  strip -o "$to/bin/node" "$node/bin/node"
done
mkdir -p "$image/opt/weft/node_modules/@koromix"
cp -R "$weft"/node_modules/@koromix/koffi-linux-* "$image/opt/weft/node_modules/@koromix/"

if [ -e /envoy ]; then
  mkdir -p "$image/usr/bin"
  cp /envoy/envoy/_bin/envoy "$image/usr/bin/envoy"
  chmod 755 "$image/usr/bin/envoy"
fi

# Where folders of the system are links into /usr, they are so in the image.
for link in bin sbin lib lib64; do
  [ -L "/$link" ] && cp -P "/$link" "$image/$link"
done

# Takes a file of the system, what it links to, and notes the package that it is from.
take() {
  real=$(realpath "$1")
  for file in "$1" "$real"; do
    file=$(realpath --no-symlinks "$file")
    # Through links of folders, each file is in one place.
    file=$(realpath "${file%/*}")/${file##*/}
    [ -e "$image$file" ] && continue
    mkdir -p "$image${file%/*}"
    cp -P --preserve=mode "$file" "$image$file"
  done
  # An older package may list it without /usr.
  package=$(dpkg -S "$real" 2>/dev/null || dpkg -S "${real#/usr}" 2>/dev/null || true)
  package=${package%%:*}
  [ -z "$package" ] || [ -e "$image/var/lib/dpkg/status.d/$package" ] || dpkg -s "$package" > "$image/var/lib/dpkg/status.d/$package"
}

# What programs and libraries load.
take_libraries() {
  for library in $(ldd "$@" 2>/dev/null | sed -n -e 's/.* => \(\/[^ ]*\).*/\1/p' -e 's/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' | sort -u); do take "$library"; done
}

# What the init container's script runs.
for program in sh cat ip; do take "/bin/$program"; done
for name in iptables ip6tables; do
  for kind in '' -nft -legacy; do
    for command in '' -save -restore; do
      # `iptables` leads to one of the other two by way of /etc/alternatives.
      program=/usr/sbin/$name$kind$command
      link=$program
      while [ -L "$link" ]; do
        take "$link"
        next=$(readlink "$link")
        case $next in /*) link=$next ;; *) link=${link%/*}/$next ;; esac
        mkdir -p "$image${link%/*}"
        [ -e "$image$link" ] || [ -L "$image$link" ] || cp -P "$link" "$image$link"
      done
      take "$program"
    done
  done
done
modules=$(dirname "$(find /usr/lib -name libxt_REDIRECT.so -o -name libxt_owner.so | head -n 1)")
for module in "$modules"/*.so; do take "$module"; done
take_libraries /bin/sh /bin/cat /bin/ip /usr/sbin/xtables-nft-multi /usr/sbin/xtables-legacy-multi "$modules"/*.so "$image"/opt/weft/node_modules/node-linux-*/bin/node \
  $(find "$image/opt/weft/node_modules/@koromix" -name '*.node') $([ ! -e "$image/usr/bin/envoy" ] || echo "$image/usr/bin/envoy")
take /etc/ssl/certs/ca-certificates.crt
take /etc/os-release

printf 'root:x:0:0:root:/:/bin/sh\nweft:x:1337:1337:weft:/tmp:/bin/sh\n' > "$image/etc/passwd"
printf 'root:x:0:\nweft:x:1337:\n' > "$image/etc/group"
printf 'hosts: files dns\n' > "$image/etc/nsswitch.conf"
printf 'tcp 6 TCP\nudp 17 UDP\n' > "$image/etc/protocols"

# Nobody but root may change what is in it, and everybody may read it.
chmod -R u=rwX,go=rX "$image/opt"
