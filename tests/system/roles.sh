# roles.sh - what the tests of the reference systems share: one of them at its desk, its lines read.
#
# Sourced after town.sh. Waits for lines, never for time to pass; a line that does not come ends in
# the test's timeout, and the lines so far are in $folder/events.
# shellcheck shell=sh disable=SC2154,SC2034 # town.sh's; for those who source it
story=$source/docs/examples/story
role_pid=

# serve PROGRAM AGENCY [OPTION...]: until it is ready. PROGRAM without a slash is the one built here.
serve()
{
    program=$1 agency=$2
    shift 2
    case $program in */*) ;; *) program=$build/agents/roles/$program ;; esac
    [ -p "$folder/lines" ] || mkfifo "$folder/lines"
    "$program" --agent "$folder/town/agents/$agency" --store "$folder/$agency" "$@" --json serve \
        >"$folder/lines" 2>>"$folder/role.err" &
    role_pid=$!
    exec 5<"$folder/lines"
    next ready "\"agency\":\"$agency\""
}

# next EVENT [TEXT...]: reads lines up to that event, which must hold each TEXT. It stays in $line.
next()
{
    wanted=$1
    shift
    checks=$((checks + 1))
    while read -r line <&5; do
        printf '%s\n' "$line" >>"$folder/events"
        case $line in "{\"event\":\"$wanted\","*) break ;; esac
        line=
    done
    if [ -z "$line" ]; then
        wrong "no event $wanted"
        cat "$folder/events" "$folder/role.err"
        return
    fi
    for text; do
        case $line in
        *"$text"*) ;;
        *) wrong "no '$text' in: $line" ;;
        esac
    done
}

# of KEY: a text field of the last event.
of()
{
    printf '%s\n' "$line" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

# leave SIGNAL CODE: the role ends so.
leave()
{
    kill -s "$1" "$role_pid" 2>/dev/null
    ended "$2"
}

# ended CODE: waits for the role's end.
ended()
{
    checks=$((checks + 1))
    got=0
    wait "$role_pid" || got=$?
    [ "$got" = "$1" ] || wrong "the role ended with $got, not $1"
    role_pid=
    exec 5<&-
}

# send TYPE TO BODY [OPTION...]: with the command line, as who `at` says. Its id is in $sent.
send()
{
    type=$1 to=$2 body=$3
    shift 3
    expect 0 accepted concordat send "$type" --to "$to" "$@" "$body"
    sent=$(last_id)
}

# base64 ID: a message id as a bytes field has it.
id_bytes()
{
    printf '%s' "$1" | tr -d - | sed 's/../\\\\x&/g' | xargs printf '%b' | base64
}

# has TEXT, hasnt TEXT: what the last command that `expect` ran has printed.
has()
{
    checks=$((checks + 1))
    grep -q -e "$1" "$folder/out" || wrong "no '$1' in the last output: $(cat "$folder/out")"
}

hasnt()
{
    checks=$((checks + 1))
    if grep -q -e "$1" "$folder/out"; then wrong "'$1' in the last output: $(cat "$folder/out")"; fi
}

# lines COUNT TEXT: the last output has it on so many lines.
lines()
{
    checks=$((checks + 1))
    found=$(grep -c -e "$2" "$folder/out")
    [ "$found" = "$1" ] || wrong "$found times, not $1: '$2' in $(cat "$folder/out")"
}

# told TEXT...: some event so far holds them all.
told()
{
    cp "$folder/events" "$folder/told_so_far"
    for text; do
        grep -F -e "$text" "$folder/told_so_far" >"$folder/told_next"
        mv "$folder/told_next" "$folder/told_so_far"
    done
    checks=$((checks + 1))
    [ -s "$folder/told_so_far" ] || wrong "no event with: $*"
}

# arrived COUNT TEXT: so many lines of what has come to the agency that `at` names have it.
arrived()
{
    expect 0 '' concordat inbox --all --json
    sed '/^  "alarms": \[$/,/^  \]/d' "$folder/out" >"$folder/letters" # which name cases too
    mv "$folder/letters" "$folder/out"
    lines "$1" "$2"
}
