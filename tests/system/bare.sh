#!/bin/sh
# bare.sh [VERB...] - the two commands of the README inside a minimal root (demo and test, or those
# named), as on a machine where nothing was prepared.
#
# Needs root, mmdebstrap and its mirror; not part of `./run test`. ROOT=DIR keeps and reuses the root;
# MIRROR names another mirror than mmdebstrap's own. What is committed is what is tested.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
root=${ROOT:-$(mktemp -d "${TMPDIR:-/tmp}/bare.XXXXXX")}

if [ ! -d "$root/etc" ]; then
    # shellcheck disable=SC2086 # no mirror, or one
    mmdebstrap --variant=minbase bookworm "$root" ${MIRROR:-}
fi
rm -rf "$root/concordat"
mkdir -p "$root/concordat" "$root/proc"
git -C "$here" archive HEAD | tar -x -C "$root/concordat"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/hosts "$root/etc/hosts" # a machine's own way to its mirror may be there

mounted=no
clean()
{
    [ $mounted = no ] || umount "$root/proc"
    [ -n "${ROOT:-}" ] || rm -rf --one-file-system "$root"
}
trap clean EXIT
mount -t proc proc "$root/proc" && mounted=yes

[ $# -gt 0 ] || set -- demo test
for verb; do
    printf '== ./run %s in a minimal root\n' "$verb"
    chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        ${http_proxy:+http_proxy="$http_proxy"} /bin/sh -c "cd /concordat && ./run $verb"
done
