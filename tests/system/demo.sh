#!/bin/sh
# demo.sh BUILD - the demo holds all its checks, in half a minute, and leaves nothing behind.
set -u
build=$1
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/demo.XXXXXX")
export TMPDIR
began=$(date +%s)
code=0
"$build/agents/concordat" demo --quick || code=$?
took=$(($(date +%s) - began))
printf 'the demo took %d s\n' "$took"
if [ "$code" = 0 ] && [ "$took" -le 30 ] && [ -z "$(ls -A "$TMPDIR")" ]; then
    rmdir "$TMPDIR"
    exit 0
fi
printf 'FAILED: exit code %d, left: %s\n' "$code" "$(ls -A "$TMPDIR")"
tail -n 5 "$TMPDIR"/*/commands.log "$TMPDIR"/*/broker/log "$TMPDIR"/*/agents/*/log 2>/dev/null
exit 1
