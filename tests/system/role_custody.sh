#!/bin/sh
# role_custody.sh BUILD - a case changes hands between the reference systems: offered, rejected in part, corrected,
# its record checked, taken; and what its holder alone may say.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
# shellcheck source=tests/system/roles.sh
. "$(dirname -- "$0")/roles.sh"

# staff ROLE AGENCY ACT...: a member of staff does that, beside the service or without it.
staff()
{
    role=$1 agency=$2
    shift 2
    "$build/agents/roles/$role" --agent "$folder/town/agents/$agency" --store "$folder/$agency" \
        --data "$story/nps.json" --json "$@"
}

# desk ROLE AGENCY: it serves as long as the test; its lines are in $folder/AGENCY.lines.
desk()
{
    "$build/agents/roles/$1" --agent "$folder/town/agents/$2" --store "$folder/$2" \
        --data "$story/nps.json" --json serve >"$folder/$2.lines" 2>>"$folder/role.err" &
    desks="$desks $!"
}
desks=

# holder AGENCY: so says the exchange to who is at the desk.
holder()
{
    expect 0 "\"holder\": \"$1\"" concordat case holder "$handle" --json
}

# desk_says TEXT: waits until a line of probation's desk has it.
desk_says()
{
    checks=$((checks + 1))
    tail -n +1 -f --pid=$$ "$folder/nps.cambs.lines" | grep -q -m 1 -e "$1"
}

# a_new_case: nobody holds it yet. Its handle is in $handle.
a_new_case()
{
    handle=$(cat /proc/sys/kernel/random/uuid)
}

start_town
expect 2 'hold CASE' staff nps nps.cambs hold 00000000-0000-0000-0000-000000000000
a_new_case
expect 0 '"event":"held"' staff nps nps.cambs hold "$handle"
expect 0 '"event":"held"' staff nps nps.cambs hold "$handle" # as after a crash: it is ours
at nps.cambs
holder nps.cambs

# Without an address the requirement is rejected; the rest is accepted, and nothing has changed hands.
serve crc crc.bench
expect 0 '"event":"offered"' staff nps nps.cambs offer "$handle" K --to crc.bench
next received '"type":"case.transfer.offer"' '2 of its components would do' '"agreement":"ISA-CASE"'
next rejected '"type":"case.transfer.reject"' '"to":"nps.cambs"'
next accepted '"type":"case.transfer.accept"'
holder nps.cambs
expect 2 'nothing of it is rejected' staff nps nps.cambs offer-again "$handle" # nobody has read it yet
desk nps nps.cambs
desk_says '"event":"rejected"'
desk_says '"event":"accepted"'
expect 0 '"reason": *"ADDRESS_NOT_VERIFIED"' grep '"event":"rejected"' "$folder/nps.cambs.lines"

# Corrected; then the record follows, is what the manifest says, and the case is taken.
expect 0 '"event":"offered"' staff nps nps.cambs offer-again "$handle"
next received '1 of its components would do'
next accepted '"type":"case.transfer.accept"'
for _ in 1 2 3; do
    next received '"type":"case.record.part"' '"clause":"record"'
done
next completed '"type":"case.transfer.complete"' '"to":"nps.cambs"'
next taken "\"case\":\"$handle\""
next assigned '"type":"case.officer.assigned"' '"clause":"officer-crc"'
holder crc.bench
desk_says '"event":"given"'

expect 2 'not held' staff nps nps.cambs hold "$handle"

# Only the holder speaks for it: not who gave it away.
expect 0 '"event":"sent"' staff crc crc.bench first-contact "$handle"
expect 0 '"event":"sent"' staff crc crc.bench assess "$handle"
expect 0 '"event":"sent"' staff crc crc.bench update "$handle" 'Came to every appointment.'
expect 3 NOT_CURRENT_HOLDER staff nps nps.cambs update "$handle" 'We still say so.'
desk_says '"type":"case.update"'

# A case of high risk is not for the company.
a_new_case
expect 0 '"event":"held"' staff nps nps.cambs hold "$handle"
expect 0 '"event":"offered"' staff nps nps.cambs offer "$handle" high --to crc.bench
next received '0 of its components would do'
next rejected
desk_says RISK_TOO_HIGH_FOR_PROVIDER
expect 0 '"event":"withdrawn"' staff nps nps.cambs withdraw "$handle"
next withdrawn
holder nps.cambs
leave TERM 0

# Killed at any point it takes the case once, and says so once.
for point in save:1 take:1 save:2 send:1 save:3; do
    a_new_case
    expect 0 '"event":"held"' staff nps nps.cambs hold "$handle"
    sed 's/"REQUIREMENT"/"NSI"/' "$story/nps.json" >"$folder/all.json"
    expect 0 '"event":"offered"' "$build/agents/roles/nps" --agent "$folder/town/agents/nps.cambs" \
        --store "$folder/nps.cambs" --data "$folder/all.json" --json offer "$handle" K --to crc.bench
    DIES_AT=$point serve "$build/tests/system/crc_dies" crc.bench
    ended 137
    serve crc crc.bench
    next taken "\"case\":\"$handle\""
    next assigned
    leave TERM 0
    holder crc.bench
    at nps.cambs
    expect 0 '' concordat case show "$handle" --json
    lines 1 '"type": "case.transfer.complete"'
done

for pid in $desks; do
    kill "$pid"
    wait "$pid" || wrong "a desk ended with $?"
done
stop_town TERM
expect 0 '' test "$stopped" = 0
