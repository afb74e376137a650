#!/bin/sh
# operations.sh BUILD - docs/operations.md has every event that is logged, every counter, and each command that it names.
#
# Events and counters are read from the sources, commands are asked for their help.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
cd "$source" || exit 1
book=docs/operations.md

# missing FILE [BOOK]: the names of the file that do not stand in the book as code.
missing()
{
    while read -r name; do
        grep -q "\`$name\`" "${2:-$book}" || printf '%s\n' "$name"
    done <"$1"
}

# none_missing FILE: one check for each name.
none_missing()
{
    checks=$((checks + $(wc -l <"$1")))
    for name in $(missing "$1"); do
        wrong "$book says nothing of $name"
    done
}

# The words in quotes behind a call of one of these, on one line or several.
names_in_calls()
{
    find broker agents lib -name '*.c' ! -path 'agents/cli/*' -exec cat {} + | tr '\n' ' ' \
        | grep -oE "(log_event|log_limited|alarm|complain)\([^;]*" | grep -oE '(LOG_[A-Z]+|session|link|peer), "[a-z]+(_[a-z]+)*"' \
        | sed 's/.*"\(.*\)"/\1/' | sort -u
}

names_in_calls >"$folder/events"
expect 0 '^alarm$' cat "$folder/events"
expect 0 '^claim_refused$' cat "$folder/events"
expect 0 '^told_damaged$' cat "$folder/events"
checks=$((checks + 1))
[ "$(wc -l <"$folder/events")" -ge 70 ] || wrong "few events are found in the sources"
none_missing "$folder/events"

sed -n 's/^ *\(COUNTER\|GAUGE\)(\([a-z_]*\)),$/\2/p' broker/counters.c >"$folder/counters"
expect 0 '^clocks_breached$' cat "$folder/counters"
none_missing "$folder/counters"

# A book that lacks one is found out.
grep -v '`part_differs`' "$book" >"$folder/book"
expect 0 '^part_differs$' missing "$folder/events" "$folder/book"

grep -ohE '(^|`)concordat (agreement [a-z]+|case [a-z-]+|[a-z]+)' "$book" | sed 's/^`//' | grep -v ' pki$' | sort -u >"$folder/commands"
expect 0 '^concordat alarms$' cat "$folder/commands"
expect 0 '^concordat case show$' cat "$folder/commands"
expect 0 'crl DIR' concordat pki --help
while read -r program words; do
    # shellcheck disable=SC2086
    expect 0 "^$program $words - " "$program" $words --help
done <"$folder/commands"
