# town.sh - what the shell tests share: a sandbox, expectations, a clean end.
#
# Sourced with $1 = the build folder. Waits for what a program prints, never for time to pass.
# shellcheck shell=sh disable=SC2034 # what those who source it use
set -u
LC_ALL=C
export LC_ALL
build=$1
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
PATH=$build/agents:$build/broker:$PATH
export PATH
# A store, a log and keys are private to the test; short, since a socket's path has 107 bytes.
folder=$(mktemp -d "${TMPDIR:-/tmp}/town.XXXXXX")
sandbox_pid=
failures=0 checks=0

finish()
{
    ending=$? # 2 after an error of syntax: no test of that script has run
    [ "$ending" = 0 ] || [ "$failures" != 0 ] || wrong "the script ended with $ending"
    [ -z "$sandbox_pid" ] || kill "$sandbox_pid" 2>/dev/null
    wait 2>/dev/null
    if [ "$failures" = 0 ]; then
        rm -rf "$folder"
        printf '%d checks, all well\n' "$checks"
        exit 0
    fi
    printf '%d checks, %d FAILED; see %s\n' "$checks" "$failures" "$folder"
    exit 1
}
trap finish EXIT
trap 'failures=$((failures + 1)); exit' INT TERM

wrong()
{
    failures=$((failures + 1))
    printf 'FAILED: %s\n' "$1"
}

# expect CODE TEXT command...: the exit code, and TEXT (a basic regular expression; empty: anything)
# somewhere in what it prints. What it prints stays in $folder/out.
expect()
{
    code=$1 text=$2
    shift 2
    checks=$((checks + 1))
    got=0
    "$@" >"$folder/out" 2>&1 </dev/null || got=$?
    if [ "$got" != "$code" ]; then
        wrong "exit code $got, not $code: $*"
        cat "$folder/out"
    elif [ -n "$text" ] && ! grep -q -e "$text" "$folder/out"; then
        wrong "no '$text' in the output of: $*"
        cat "$folder/out"
    fi
}

# The first message id in the last output.
last_id()
{
    grep -o '[0-9a-f]\{8\}-[0-9a-f]\{4\}-7[0-9a-f]\{3\}-[0-9a-f]\{4\}-[0-9a-f]\{12\}' "$folder/out" \
        | head -n 1
}

# start_town [OPTION...]: a sandbox at $folder/town; returns when it is ready. The first time, without
# options, a copy of the one at $TOWN_MADE (made_town.sh), where a test has that.
start_town()
{
    [ $# != 0 ] || [ -z "${TOWN_MADE:-}" ] || [ -e "$folder/town" ] || cp -a "$TOWN_MADE" "$folder/town"
    mkfifo "$folder/told" 2>/dev/null || :
    concordat sandbox "$folder/town" "$@" >"$folder/told" 2>"$folder/sandbox.err" &
    sandbox_pid=$!
    said=
    while read -r line; do
        said="$said$line
"
        [ "$line" = ready ] && break
    done <"$folder/told"
    case $said in
    *ready*) ;;
    *)
        stop_town KILL # for its exit code: 137 says that it had not ended
        wrong "the sandbox is not ready; exit code $stopped"
        cat "$folder/sandbox.err" "$folder"/town/broker/log "$folder"/town/agents/*/log 2>/dev/null
        exit 1
        ;;
    esac
}

# stop_town SIGNAL: its exit code is in $stopped.
stop_town()
{
    kill -s "$1" "$sandbox_pid" 2>/dev/null || :
    stopped=0
    wait "$sandbox_pid" || stopped=$?
    sandbox_pid=
}

# at AGENCY: whose agent the following commands talk to.
at()
{
    CONCORDAT_AGENT=$folder/town/agents/$1
    export CONCORDAT_AGENT
}
