# golden.sh - what `concordat` says, held against tests/golden. Sourced after town.sh.
#
# With GOLDEN_WRITE set the golden files are written anew.
# shellcheck shell=sh disable=SC2154 # $source and $folder are town.sh's
golden=$source/tests/golden
: >"$folder/said"

# say CODE arguments...: runs `concordat`, and adds command line and answer to the golden text.
say()
{
    code=$1
    shift
    expect "$code" '' concordat "$@"
    {
        printf '$ concordat'
        printf ' %s' "$@"
        printf '\n'
        sed 's/ *$//' "$folder/out"
        printf '(exit code %s)\n\n' "$code"
    } >>"$folder/said"
}

# as_said FILE: it is what was said since the last time.
as_said()
{
    diff -u "$1" "$folder/said" >"$folder/differ"
}

# golden NAME: what was said since the last time is as the golden file has it. First, that one which
# is a letter off, at its begin or at its end, or lacks a line, would be seen.
golden()
{
    checks=$((checks + 1))
    [ -z "${GOLDEN_WRITE:-}" ] || cp "$folder/said" "$golden/$1"
    # shellcheck disable=SC2016 # sed's, not the shell's
    for plant in '1s/.$/#/' '$d' '$!b;x' '/exit code 3/{s/3/0/;:a;n;ba}'; do
        sed "$plant" "$golden/$1" >"$folder/planted"
        cmp -s "$folder/planted" "$golden/$1" && continue # no such place in it
        as_said "$folder/planted" && wrong "golden/$1: with '$plant' planted all was well"
    done
    as_said "$golden/$1" || {
        cat "$folder/differ"
        wrong "not as golden/$1 says"
    }
    : >"$folder/said"
}
