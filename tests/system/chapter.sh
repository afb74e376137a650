#!/bin/sh
# chapter.sh BUILD NAME - a chapter of the demo tells its weeks, in time, and leaves nothing behind.
#
# What it prints must be tests/golden/demo-NAME.txt, ids, times and its folder masked. Its programs start in a demo's
# folder alone, and the others know nothing of its clock.
set -u
build=$1 name=$2
golden=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)/golden/demo-$name.txt
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/chapter.XXXXXX")
export TMPDIR

# Everything that differs from one telling to the next.
mask()
{
    sed -e 's/[0-9a-f]\{8\}-[0-9a-f]\{4\}-[0-9a-f]\{4\}-[0-9a-f]\{4\}-[0-9a-f]\{12\}/ID/g' \
        -e "s|$TMPDIR/[^ ]*|DIR|g"
}

fail()
{
    printf 'FAILED: %s\n' "$1"
    tail -n 5 "$TMPDIR"/*/commands.log "$TMPDIR"/*/town/broker/log "$TMPDIR"/*/town/agents/*/log 2>/dev/null
    exit 1
}

began=$(date +%s)
code=0
told=$("$build/agents/concordat" demo --chapter "$name" --quick) || code=$?
took=$(($(date +%s) - began))
printf '%s\n' "$told" | mask >"$build/demo-$name.txt"
[ -z "${GOLDEN_WRITE:-}" ] || cp "$build/demo-$name.txt" "$golden"
printf 'the chapter took %d s\n' "$took"
diff "$golden" "$build/demo-$name.txt" || fail "the story is another than $golden"
[ "$code" = 0 ] || fail "exit code $code"
[ "$took" -lt "${CHAPTER_SECONDS:-60}" ] || fail "$took s are not seconds"
[ -z "$(ls -A "$TMPDIR")" ] || fail "left: $(ls -A "$TMPDIR")"

# Its programs, in a folder that is none of a demo's, or without one: they do not start.
mkdir "$TMPDIR/real"
truncate -s 8 "$TMPDIR/real/clock"
printf 'id = broker\n' >"$TMPDIR/real/broker.conf"
for program in concordatd concordat-agent concordat; do
    for clock in "CONCORDAT_DEMO_CLOCK=$TMPDIR/real/clock" NOTHING=; do
        code=0
        said=$(env "$clock" "$build/libexec/concordat-demo/$program" --config "$TMPDIR/real/broker.conf" 2>&1) || code=$?
        case $code:$said in
        2:*"belongs to "*) ;;
        *) fail "$program started outside of a demo: $code $said" ;;
        esac
    done
done
# In one, but for somebody else's configuration.
mkdir "$TMPDIR/demo"
truncate -s 8 "$TMPDIR/demo/clock"
printf 'A demo of Concordat: keys that are thrown away, and a clock that is moved.\n' >"$TMPDIR/demo/demo"
for program in concordatd concordat-agent; do
    code=0
    said=$(CONCORDAT_DEMO_CLOCK=$TMPDIR/demo/clock "$build/libexec/concordat-demo/$program" \
        --config "$TMPDIR/real/broker.conf" 2>&1) || code=$?
    case $code:$said in
    2:*"not in the demo's folder"*) ;;
    *) fail "$program took a configuration outside of the demo: $code $said" ;;
    esac
done
# The programs of every day have no such switch.
for program in agents/concordat agents/concordat-agent broker/concordatd; do
    ! strings "$build/$program" | grep -q 'moved clock' || fail "$program has a clock that can be moved"
done
strings "$build/libexec/concordat-demo/concordatd" | grep -q 'moved clock' || fail "nothing was looked for"
rm -rf "$TMPDIR"

# A story that lacks any one of its lines is another.
lines=$(wc -l <"$golden") caught=0 line=1
while [ "$line" -le "$lines" ]; do
    sed "${line}d" "$build/demo-$name.txt" | cmp -s - "$golden" || caught=$((caught + 1))
    line=$((line + 1))
done
[ "$caught" = "$lines" ] || { printf 'FAILED: %d lines may be missing unseen\n' "$((lines - caught))"; exit 1; }
printf '%d lines, each of them missed when it is not there; control_caught=yes\n' "$lines"
