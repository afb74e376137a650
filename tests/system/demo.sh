#!/bin/sh
# demo.sh BUILD - the demo tells its whole story, in time, and leaves nothing behind.
#
# What it prints must be tests/golden/demo.txt, ids, times and its folder masked. Under sanitizers the
# programs are slow, so DEMO_CLOCK says how many seconds the story's report may take. As released it is
# told by the README's command.
set -u
build=$1
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
golden=$source/tests/golden/demo.txt
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/demo.XXXXXX")
export TMPDIR

# Everything that differs from one telling to the next.
mask()
{
    sed -e 's/[0-9a-f]\{8\}-[0-9a-f]\{4\}-[0-9a-f]\{4\}-[0-9a-f]\{4\}-[0-9a-f]\{12\}/ID/g' \
        -e 's/[0-9]\{4\}-[0-9][0-9]-[0-9][0-9]T[0-9:.]*Z/TIME/g' -e "s|$TMPDIR/[^ ]*|DIR|g"
}

fail()
{
    printf 'FAILED: %s\n' "$1"
    tail -n 5 "$TMPDIR"/*/commands.log "$TMPDIR"/*/broker/log "$TMPDIR"/*/agents/*/log \
        "$TMPDIR"/*/systems/*/log 2>/dev/null
    exit 1
}

now_ms()
{
    echo $(($(date +%s%N) / 1000000))
}

code=0
preparing=0 # ms that `run` takes to see that nothing is to be installed or built: not the demo's
case $build in
"$source/build/release")
    "$source/run" demo --help >/dev/null || fail "run demo cannot even be asked for help"
    began=$(now_ms)
    "$source/run" demo --help >/dev/null
    preparing=$(($(now_ms) - began))
    ;;
esac
began=$(now_ms)
case $build in
"$source/build/release") told=$("$source/run" demo --quick) || code=$? ;;
*) told=$("$build/agents/concordat" demo --quick ${DEMO_CLOCK:+--clock "$DEMO_CLOCK"}) || code=$? ;;
esac
took=$(($(now_ms) - began - preparing))
printf '%s\n' "$told" | mask >"$build/demo.txt"
[ -z "${GOLDEN_WRITE:-}" ] || cp "$build/demo.txt" "$golden"
printf 'the demo took %d ms\n' "$took"
diff "$golden" "$build/demo.txt" || fail "the story is another than $golden"
[ "$code" = 0 ] || fail "exit code $code"
[ -n "${DEMO_CLOCK:-}" ] || [ "$took" -lt 20000 ] || fail "$took ms are not quick"
[ -z "$(ls -A "$TMPDIR")" ] || fail "left: $(ls -A "$TMPDIR")"

# A desk where nobody answers: the story ends there, and says so. Only as released, for its clock.
if [ -z "${DEMO_CLOCK:-}" ]; then
    planted=$TMPDIR/planted
    mkdir -p "$planted/agents/roles" "$planted/broker"
    cp "$build/agents/concordat" "$planted/agents/" # where it lies, it looks for the others
    ln -s "$build/agents/concordat-agent" "$planted/agents/"
    ln -s "$build/broker/concordatd" "$planted/broker/"
    ln -s "$build/share" "$build/libexec" "$planted/"
    for role in court nps crc police; do ln -s "$build/agents/roles/$role" "$planted/agents/roles/"; done
    cat >"$planted/agents/roles/social_care" <<'END'
#!/bin/sh
echo '{"event": "ready", "text": "Nobody is at this desk."}'
exec tail -f /dev/null
END
    chmod +x "$planted/agents/roles/social_care"
    if told=$("$planted/agents/concordat" demo --quick --clock 2); then
        fail "a story without its answers was told as whole"
    fi
    case $told in
    *"system adults never said"* | *"never said 'received' of check.social_care.adults.response"*) ;;
    *) printf '%s\n' "$told" | tail -n 5; fail "it did not say which answer is missing" ;;
    esac
    rm -rf "$TMPDIR"/*
    printf 'a desk where nobody answers ends the story; control_caught=yes\n'
fi

# A story that lacks any one of its lines is another.
lines=$(wc -l <"$golden") caught=0 line=1
while [ "$line" -le "$lines" ]; do
    sed "${line}d" "$build/demo.txt" | cmp -s - "$golden" || caught=$((caught + 1))
    line=$((line + 1))
done
[ "$caught" = "$lines" ] || fail "$((lines - caught)) lines may be missing unseen"
printf '%d lines, each of them missed when it is not there; control_caught=yes\n' "$lines"
rmdir "$TMPDIR"
