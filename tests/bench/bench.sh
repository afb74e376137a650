#!/bin/sh
# bench.sh BUILD [--rounds N] [--seconds S] [--peers DIR] - what one broker does on this machine.
#
# Per round, interleaved so that a machine's bad minute hits everybody: 4 -> 4 with a window of 256,
# then one message in flight; then the same with the peers of DIR (a folder with a run.sh that knows
# relay2-recycle and redis-always over mutual TLS), so that ratios come from one run. Ends with the
# medians. Nothing else should run meanwhile.
set -eu
usage='usage: bench.sh BUILD [--rounds N] [--seconds S] [--peers DIR]'
bin=${1:?$usage}
shift
rounds=3 seconds=6 peers=
while [ $# -gt 0 ]; do
    case $1 in
    --rounds) rounds=$2 ;;
    --seconds) seconds=$2 ;;
    --peers) peers=$2 ;;
    *)
        echo "$usage" >&2
        exit 2
        ;;
    esac
    shift 2
done
here=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
bin=$(CDPATH='' cd -- "$bin" && pwd)
work=$bin/bench
mkdir -p "$work"
results=$work/results.jsonl
: >"$results"

# The peers build in a copy: their own folder may be read-only.
if [ -n "$peers" ]; then
    cp -R "$peers/." "$work/peers"
    chmod -R u+w "$work/peers"
    make -s -C "$work/peers" ADAPTERS='redis relay'
fi

field()
{
    sed -n "s/.*\"$1\":\"\{0,1\}\([-A-Za-z0-9_.]*\).*/\1/p"
}

ours()
{
    folder=$(mktemp -d "$work/route.XXXXXX")
    "$bin/tests/bench/route" "$bin" "$here" "$folder" --json --seconds "$seconds" "$@" | tee -a "$results"
    rm -rf "$folder"
}

round=1
while [ "$round" -le "$rounds" ]; do
    echo "round $round of $rounds" >&2
    ours --pairs 4 --window 256
    ours --pairs 1 --window 1
    if [ -n "$peers" ]; then
        (cd "$work/peers" && MAKEFLAGS='ADAPTERS=redis\ relay' \
            WORK="$work/peers/work" OUT="$work/peers.jsonl" PEERS='relay2-recycle redis-always' ROUNDS=1 \
            W1_S=$seconds WORKLOADS='W1 W2' ./run.sh rounds) | grep '"workload":"W' | tee -a "$results"
    fi
    round=$((round + 1))
done

# median KEY FILTER...: the middle of the figures of all rounds
median()
{
    key=$1
    shift
    figures=$(cat "$results")
    for filter in "$@"; do figures=$(printf '%s\n' "$figures" | grep -e "$filter" || true); done
    printf '%s\n' "$figures" | field "$key" | sort -n | awk '{v[NR]=$1} END {if (NR) print v[int((NR+1)/2)]; else print "-"}'
}

echo
printf '%-34s %14s %10s %10s\n' "medians of $rounds rounds, 1 KiB" messages/s 'p50 us' 'p99 us'
printf '%-34s %14s %10s %10s\n' 'concordatd 4 -> 4, window 256' \
    "$(median confirmed_per_s '"pairs":4')" "$(median p50_us '"pairs":4')" "$(median p99_us '"pairs":4')"
printf '%-34s %14s %10s %10s\n' 'concordatd 1 -> 1, one in flight' \
    "$(median confirmed_per_s '"pairs":1')" "$(median p50_us '"pairs":1')" "$(median p99_us '"pairs":1')"
if [ -n "$peers" ]; then
    for peer in relay2-recycle redis-always; do
        for load in W1 W2; do
            printf '%-34s %14s %10s %10s\n' "$peer $load" \
                "$(median received_per_s "\"workload\":\"$load\"" "\"peer\":\"$peer\"")" \
                "$(median confirm_p50_us "\"workload\":\"$load\"" "\"peer\":\"$peer\"")" \
                "$(median confirm_p99_us "\"workload\":\"$load\"" "\"peer\":\"$peer\"")"
        done
    done
fi
printf 'broker CPU: %s s per 100,000 (4 -> 4); by thread, last round: %s\n' \
    "$(median broker_cpu_s_per_100k '"pairs":4')" \
    "$(grep '"pairs":4' "$results" | tail -n 1 | sed 's/.*"threads":{\([^}]*\)}.*/\1/')"
