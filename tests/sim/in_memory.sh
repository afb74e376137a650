#!/bin/sh
# in_memory.sh COMMAND... - in a folder of its own that is no disk, where there is such; gone at the end.
#
# For what loses its power in a simulation: whether a disk keeps its promise is not asked.
set -u
place=/dev/shm
[ -d "$place" ] && [ -w "$place" ] || place=${TMPDIR:-/tmp}
folder=$(mktemp -d "$place/in_memory.XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
cd "$folder" || exit 1
"$@"
