#!/bin/sh
# custody.sh - walks through the model of custody, every state of it; first shows that faults which
# are planted in it are found. Prints the states. Needs spin and a C compiler (packages.txt).
#
#     sh tests/model/custody.sh FOLDER        works in FOLDER, which it makes anew
set -eu
LC_ALL=C
export LC_ALL
model=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/custody.pml
folder=${1:?which folder to work in}
memory=1500 # MB; about 430 are used

fail()
{
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

command -v spin >/dev/null 2>&1 || fail "spin is not here: see packages.txt"

# walk NAME states|runs [FLAG]: searches depth first, nothing thrown away or hashed together: what is
# so in every state, or that and what comes of every run. What it prints is in NAME/said.
walk()
{
    rm -rf "${folder:?}/$1"
    mkdir -p "$folder/$1"
    said=$folder/$1/said
    optimise=${3:+-O0} # a short search takes less time than -O2
    optimise=${optimise:--O2}
    case $2 in
    states) compile=-DNOCLAIM search=-m10000 ;;
    runs) compile=-DCLAIM search='-a -m10000' ;;
    esac
    (
        cd "$folder/$1"
        cp "$model" . # so that what is said names no path of this machine
        spin ${3:+"$3"} -a custody.pml >translated 2>&1 || fail "$1: see $folder/$1/translated"
        ${CC:-cc} "$optimise" -w "$compile" -DMEMLIM=$memory -o pan pan.c
        # shellcheck disable=SC2086 # two words
        ./pan $search -w24 >said 2>&1 || true
    )
    errors=$(sed -n 's/.*errors: \([0-9]*\)$/\1/p' "$said")
    states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$said")
    if [ -z "$errors" ] || [ -z "$states" ]; then fail "$1: see $said"; fi
}

# planted FAULT states|runs WORDS: the search finds it, says WORDS, and leaves the way there.
planted()
{
    walk "$1" "$2" "-D$1"
    if [ "$errors" = 0 ] || ! grep -q "$3" "$said"; then
        cat "$said" >&2
        fail "$1 was planted, and not found"
    fi
    [ -s "$folder/$1/custody.pml.trail" ] || fail "$1: no way to it was left"
    printf 'planted %s: found after %s states, %s\n' "$1" "$states" "$(sed -n 's/^pan:1: //p' "$said")"
}

# comes_to STATE: some run comes to it. What is reached inside of a step the search does not say.
comes_to()
{
    walk "$1" states "-DNEVER=$1"
    if [ "$errors" = 0 ] || ! grep -q 'assertion violated' "$said"; then
        cat "$said" >&2
        fail "no run comes to $1"
    fi
    printf 'comes to %s: after %s states\n' "$1" "$states"
}

planted HOLDER_AT_ACCEPT states 'assertion violated.*m_holder!=0'
planted DROP_CONVERSATIONS states 'assertion violated.*==m_holder'
planted MOVE_QUESTIONS states 'assertion violated.*m_asked==0'
planted ANY_QUESTION_HINDERS states 'assertion violated.*m_asked!=0'
planted FORMER_OPENS states 'assertion violated.*m_referrer==m_holder'
planted FORGET_DUPLICATES states 'assertion violated.*m_got&8192.*m_referral==3'
planted LOSE_LATE_ANSWERS runs 'acceptance cycle'
planted LOSE_AFTER_CLOSE runs 'acceptance cycle'
printf 'control_caught=yes\n'

for state in QUESTION_MOVED QUESTION_STAYED CLOSED_BESIDE_QUESTION CLOSED_FORWARDING \
    ANSWERED_AFTER_CLOSE; do
    comes_to $state
done

walk custody runs
if [ "$errors" != 0 ] || grep -q 'not completed' "$said"; then
    cat "$said" >&2
    fail "the model does what it must not, or was not walked through; see $folder/custody"
fi
# what no run comes to is not checked: of every process all but its end
unreached=$(grep -c 'custody.pml:.*"-end-"' "$said") || unreached=0
others=$(grep 'custody.pml:[0-9]*, state' "$said" | grep -cv -- '"-end-"') || others=0
if [ "$unreached" = 0 ] || [ "$others" != 0 ]; then fail "steps that are never taken; see $said"; fi
printf 'custody: %s states, %s; %s processes; depth %s; %s MB; %s seconds\n' "$states" "no errors" \
    "$unreached" "$(sed -n 's/.*depth reached \([0-9]*\),.*/\1/p' "$said")" \
    "$(sed -n 's/^ *\([0-9.]*\).*total actual memory usage.*/\1/p' "$said")" \
    "$(sed -n 's/^pan: elapsed time \([0-9.]*\) seconds.*/\1/p' "$said")"
