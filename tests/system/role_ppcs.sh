#!/bin/sh
# role_ppcs.sh BUILD - a recall between the reference systems: decided, told to the police, the return to prison.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
# shellcheck source=tests/system/roles.sh
. "$(dirname -- "$0")/roles.sh"

# ask FIELDS: recall is asked for by probation; the request's id is in $sent, the case in $handle.
ask()
{
    cat >"$folder/recall.json" <<END
{"subject": {"identifiers": [{"type": "CRN", "value": "X000002"}], "name": {"surname": "Example"}},
 "emergency": "NOT_AN_EMERGENCY", "sentence": {"kind": "IMMEDIATE_CUSTODY"}, $1}
END
    at nps.cambs
    send recall.request ppcs "$folder/recall.json" --case new
    handle=$(sed -n 's/^case  *//p' "$folder/out")
}

# desk ROLE AGENCY: it serves as long as the test, and nobody reads its lines.
desk()
{
    "$build/agents/roles/$1" --agent "$folder/town/agents/$2" --store "$folder/$2" \
        --data "$story/$1.json" --json serve >"$folder/$2.lines" 2>>"$folder/role.err" &
    desks="$desks $!"
}
desks=

# Who is party to recalls and releases.
cat >"$folder/who" <<'END'
court.b35cz00 COURT
crc.bench CRC
hc.pbi NHS_OTHER
hou.cambridge LA_HOUSING
nps.cambs NPS
police.35 POLICE
ppcs PPCS
prison.pbi PRISON
tx.cambs TREATMENT_PROVIDER
vlo.cambs VICTIM_SERVICE
END
mkdir "$folder/agreements"
cp "$source/agreements/examples/recall.yaml" "$source/agreements/examples/release.yaml" "$folder/agreements"
start_town --agencies "$folder/who" --agreements "$folder/agreements"
desk police police.35
serve ppcs ppcs --data "$story/ppcs.json"

# Risk has increased: revoked. A fixed term is not for who is of high risk.
ask '"kind": "FIXED_TERM", "why": "RISK_INCREASED", "risk": {"overall": "ROSH_HIGH"}, "childrenAtAddress": true,
 "victims": {"text": "Moved in January.", "basis": "FACT"}'
next received "\"id\":\"$sent\"" '"agreement":"ISA-RECALL"' '"clause":"request"'
next answered '"type":"recall.decision"' "\"inReplyTo\":\"$sent\"" '"clause":"decision"'
decision=$(of id)
next revoked '"type":"recall.revocation"' '"to":"police.35"' '"clause":"revocation"' \
    '"shared":["DC_IDENTITY","DC_SENTENCE_ORDER","DC_RISK_SCORE","DC_CHILD"]'
revocation=$(of id)
expect 0 delivered concordat track "$decision" --until delivered --wait 20
expect 0 '"recalled": true' concordat open "$decision" --json
has '"kind": "STANDARD"'
at ppcs
expect 0 acknowledged concordat track "$revocation" --until acknowledged --wait 20

# The prison tells who supervises and the section; the section keeps it.
expect 2 'NAME --case CASE' "$build/agents/roles/prison" --agent "$folder/town/agents/prison.pbi" \
    --store "$folder/prison.pbi" --data "$story/prison.json" returned nobody --case "$handle"
expect 0 '"event":"sent"' "$build/agents/roles/prison" --agent "$folder/town/agents/prison.pbi" \
    --store "$folder/prison.pbi" --data "$story/prison.json" --json returned M --case "$handle"
lines 2 '"type":"recall.returned"'
next recorded '"type":"recall.returned"' '"from":"prison.pbi"' "\"case\":\"$handle\""
next acknowledged '"to":"prison.pbi"'
for act in received released; do
    expect 0 '"event":"sent"' "$build/agents/roles/prison" --agent "$folder/town/agents/prison.pbi" \
        --store "$folder/prison.pbi" --data "$story/prison.json" --json "$act" M --case "$handle"
    lines 2 '"event":"sent"'
done

# Nothing is said to be broken, and the risk is what it was: the licence stands, and nobody is arrested.
ask '"kind": "STANDARD", "why": "CONTACT_STOPPED", "risk": {"overall": "ROSH_MEDIUM"}'
next received "\"id\":\"$sent\""
next answered "\"inReplyTo\":\"$sent\""
decision=$(of id)
expect 0 delivered concordat track "$decision" --until delivered --wait 20
expect 0 '"recalled": false' concordat open "$decision" --json
leave TERM 0
at police.35
arrived 1 '"type": "recall.revocation"'
at ppcs

# A condition is broken. Killed at any point, it decides once, and the police are told once.
told_before=1
for point in save:1 take:1 save:2 reply:1 send:1; do
    ask '"kind": "STANDARD", "why": "CONTACT_STOPPED", "standardBreached": [2], "risk": {"overall": "ROSH_MEDIUM"}'
    DIES_AT=$point serve "$build/tests/system/ppcs_dies" ppcs --data "$story/ppcs.json"
    ended 137
    serve ppcs ppcs --data "$story/ppcs.json"
    expect 0 answered concordat track "$sent" --until answered --wait 20
    next revoked
    leave TERM 0
    arrived 1 "\"inReplyTo\": \"$sent\""
    told_before=$((told_before + 1))
    at police.35
    arrived "$told_before" '"type": "recall.revocation"'
done

for pid in $desks; do
    kill "$pid"
    wait "$pid" || wrong "a desk ended with $?"
done
stop_town TERM
expect 0 '' test "$stopped" = 0
