#!/bin/sh
# one.sh TARGET SECONDS - runs one fuzz target and prints executions and edges in one line.
#
# Starts from the seeds in tests/fuzz/corpus/NAME; what it learns stays in the build folder. Called
# by ./run fuzz from the top of the repository.
set -eu
target=$1 seconds=$2
name=${target##*/fuzz_}
learnt=build/fuzz/corpus/$name
seeds=tests/fuzz/corpus/$name
log=build/fuzz/$name.log
mkdir -p "$learnt" build/fuzz/found
[ -d "$seeds" ] || seeds=

if ! "$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/found/$name-" "$learnt" ${seeds:+"$seeds"} >"$log" 2>&1; then
    tail -n 40 "$log"
    printf 'fuzz %-16s FAILED\n' "$name"
    exit 255 # xargs stops at once
fi
execs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
edges=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1 | sed 's/cov: //')
printf 'fuzz %-16s %10s execs %7s edges\n' "$name" "${execs:-?}" "${edges:-?}"
