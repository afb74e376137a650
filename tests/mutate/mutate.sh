#!/bin/sh
# mutate.sh MUTANTS SOURCE LIBRARY INCLUDES SAMPLE TEST... - is every small change of SOURCE noticed?
#
#   MUTANTS   the program that makes the changes (mutants.c)
#   SOURCE    the file that is changed; its folder tree's root is the working directory
#   LIBRARY   where the tests look for the shared library that SOURCE alone is built into
#   INCLUDES  compiler flags
#   SAMPLE    so many mutants, evenly spread; 0 = all
#   TEST...   programs; each must pass with SOURCE as it is, and one must fail with each mutant
#
# First SOURCE as it is must pass, and a change planted where no test can see it must be told as a
# survivor. Exits 1 when a mutant survives that docs/mutation.md does not explain: there it stands in
# backticks, as `FILE, in FUNCTION: CHANGE`.
set -eu
mutants=$1 source=$2 library=$3 includes=$4 sample=$5
shift 5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
MUTATING=1 # the tests then ask less
export MUTATING
LD_LIBRARY_PATH=$work${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH

# The library from $1. Changed code may draw warnings; that is no fault here.
compile()
{
    # shellcheck disable=SC2086 # flags are words
    ${CC:-gcc} -std=gnu2x -D_GNU_SOURCE -O1 -w -fPIC -shared -I. $includes "$1" -o "$work/$library" 2>"$work/errors"
}

# Does one of the tests fail? One that does not end has, in ten times what it took with SOURCE as it is
# and a minute more: no slow machine takes that for a kill.
patience=300
is_killed()
{
    for test; do
        timeout "$patience" "$test" >"$work/output" 2>&1 || return 0
    done
    return 1
}

began=$(date +%s)
cp "$source" "$work/mutant.c"
compile "$work/mutant.c" || { cat "$work/errors"; exit 2; }
if is_killed "$@"; then
    cat "$work/output"
    echo "mutate: the tests fail on $source as it is" >&2
    exit 2
fi

patience=$((60 + 10 * ($(date +%s) - began)))

# Nothing calls it, so nothing can notice a change in it.
{ cat "$source"; echo 'int planted(int a); int planted(int a) { return a < 7 ? 1 : 2; }'; } >"$work/planted.c"
last=$("$mutants" "$work/planted.c" | wc -l)
"$mutants" "$work/planted.c" "$last" >"$work/mutant.c"
compile "$work/mutant.c" || { cat "$work/errors"; exit 2; }
if is_killed "$@"; then
    echo "mutate: the planted survivor did not survive" >&2
    exit 2
fi

"$mutants" "$source" >"$work/list"
count=$(wc -l <"$work/list")
step=1
if [ "$sample" -gt 0 ] && [ "$sample" -lt "$count" ]; then step=$(((count + sample - 1) / sample)); fi
tried=0 killed=0 invalid=0 explained=0 survived=0
number=$(((step + 1) / 2))
while [ "$number" -le "$count" ]; do
    what=$(sed -n "${number}p" "$work/list")
    "$mutants" "$source" "$number" >"$work/mutant.c"
    tried=$((tried + 1))
    if ! compile "$work/mutant.c"; then
        invalid=$((invalid + 1))
    elif is_killed "$@"; then
        killed=$((killed + 1))
    elif grep -qF "\`$(basename "$source"), ${what#*, }\`" docs/mutation.md; then
        explained=$((explained + 1))
        echo "explained $what"
    else
        survived=$((survived + 1))
        echo "SURVIVED $what"
    fi
    number=$((number + step))
done
echo "$source: $tried of $count mutants: $killed killed, $explained equivalent and explained, $survived survived, $invalid do not compile; unmutated_passes=yes planted_survivor_caught=yes"
[ "$survived" -eq 0 ]
