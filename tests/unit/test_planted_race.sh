#!/bin/sh
# test_planted_race.sh PROGRAM - ThreadSanitizer, as the tests set it up, ends a program that races,
# and has nothing to say about one whose threads talk through a pipe.
set -u
failed=0
out=$("$1" plain 2>&1)
code=$?
if [ $code = 66 ] && printf '%s\n' "$out" | grep -q 'WARNING: ThreadSanitizer: data race'; then
    echo control_caught=yes
else
    printf 'control_caught=no: exit code %d\n%s\n' "$code" "$out"
    failed=1
fi
if ! out=$("$1" pipe 2>&1); then
    printf 'reported without a race:\n%s\n' "$out"
    failed=1
fi
exit $failed
