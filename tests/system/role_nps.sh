#!/bin/sh
# role_nps.sh BUILD - probation's reference system: asks, waits no longer than it may, says what is missing.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
# shellcheck source=tests/system/roles.sh
. "$(dirname -- "$0")/roles.sh"
hearing=3f1a2b6c-7d84-4e0b-9c55-81d2a4f6e001
order_hearing=1d7b0c3e-52f4-4a86-8e6d-90a1b2c3d4e5

# court WORD...: the court's staff; the event it tells is in $folder/out.
court()
{
    expect 0 '' "$build/agents/roles/court" --agent "$folder/town/agents/court.b35cz00" \
        --store "$folder/court" --data "$story/court.json" --json "$@"
    line=$(cat "$folder/out")
    handle=$(of case) sent=$(of id)
}

# answer AGENCY ID BODY: as that agency.
answer()
{
    printf '%s' "$3" >"$folder/answer.json"
    at "$1"
    expect 0 delivered concordat track "$2" --until delivered --wait 10
    expect 0 '' concordat open "$2"
    expect 0 accepted concordat answer "$2" "$folder/answer.json"
    answered=$(last_id)
}

# asked TYPE AGENCY: the next question; its id in $asked.
asked()
{
    next asked "\"type\":\"$1\"" "\"to\":\"$2\"" "\"case\":\"$handle\"" '"agreement":"ISA-'
    asked=$(of id)
}

start_town
serve nps nps.cambs --data "$story/nps.json"

# --- all answer but one, which declines: the report does not wait ---
court order-report "$hearing" --needed-by "$(($(date +%s) + 3600))"
ordered=$sent
next received '"type":"psr.request"' "\"id\":\"$ordered\"" '"from":"court.b35cz00"' '"clause":"psr-request"' \
    '"notShared":["DC_CONTACT_ADDRESS","DC_STAFF"]'
conversation=$(of conversation)
next acknowledged "\"id\":\"$ordered\"" '"to":"court.b35cz00"'
asked check.social_care.children.request csc.cambs
children=$asked
told "$children" '"shared":["DC_IDENTITY","DC_CHILD"]'
asked check.social_care.adults.request asc.cambs
adults=$asked
asked check.police.precons.request police.35
precons=$asked
asked check.police.callouts.request police.35
callouts=$asked
asked check.treatment.request tx.cambs
treatment=$asked
told "$treatment" '"shared":["DC_IDENTITY","DC_SUBSTANCE_MISUSE"]'
answer police.35 "$precons" '{"outcome": "NO_TRACE"}'
next received '"type":"check.police.precons.response"' "\"id\":\"$answered\"" '"late":false'
answer police.35 "$callouts" '{"outcome": "NOTHING_HELD"}'
answer asc.cambs "$adults" '{"outcome": "NOT_KNOWN"}'
answer tx.cambs "$treatment" '{"provider": "tx.cambs", "result": "SUITABLE", "subjectWilling": true}'
at csc.cambs
expect 0 "$children" concordat inbox --wait 10
expect 0 "\"forwardToCase\": \"$(id_bytes "$conversation")\"" concordat open "$children" --json
expect 0 '"relationship": "child"' concordat open "$children" --json
expect 0 declined concordat decline "$children" --reason no-capacity
next declined "\"id\":\"$children\"" '"from":"csc.cambs"' '"reason":"NO_CAPACITY"'
next reported '"type":"psr.report"' "\"inReplyTo\":\"$ordered\"" '"missing":["check.social_care.children.request"]' \
    "\"case\":\"$handle\""
report=$(of id)
at court.b35cz00
expect 0 answered concordat track "$ordered" --until answered --wait 10
expect 0 '"state": "REFUSED"' concordat open "$report" --json
lines 4 '"state": "REPLIED"'
has "\"requestId\": \"$(id_bytes "$children")\""
has '"basisPoints": 240'
has '"kind": "DRR"'
has '"DA_CALLOUT"'
hasnt mappa
hasnt detail
hasnt SAFEGUARDING_CHECKS

# --- another order under the same case: a report of its own, also after one was withdrawn ---
# again: the court orders once more; the five questions, with whom they ask, are in $folder/again.
again()
{
    court order-report "$hearing" --case "$handle" --needed-by "$(($(date +%s) + 3600))"
    ordered=$sent
    next acknowledged "\"id\":\"$ordered\""
    for question in social_care.children:csc.cambs social_care.adults:asc.cambs police.precons:police.35 \
        police.callouts:police.35 treatment:tx.cambs; do
        asked "check.${question%:*}.request" "${question#*:}"
        printf '%s %s\n' "${question#*:}" "$asked"
    done >"$folder/again"
}

# all_decline: whoever was asked; what reported tells is the last event.
all_decline()
{
    while read -r agency question; do
        at "$agency"
        expect 0 delivered concordat track "$question" --until delivered --wait 10
        expect 0 '' concordat open "$question"
        expect 0 declined concordat decline "$question" --reason no-capacity
    done <"$folder/again"
}
again
all_decline
next reported "\"inReplyTo\":\"$ordered\"" "\"case\":\"$handle\""
again
withdrawn=$ordered
printf '{"hearingId": "%s"}' "$hearing" >"$folder/withdrawn.json"
at court.b35cz00
send psr.withdrawn nps.cambs "$folder/withdrawn.json" --case "$handle"
next kept "\"id\":\"$sent\"" 'No report will be written'
all_decline
again
all_decline
next reported "\"inReplyTo\":\"$ordered\""
at court.b35cz00
expect 0 answered concordat track "$ordered" --until answered --wait 10
expect 0 '' concordat track "$withdrawn"
hasnt answered

# --- a concern about the child, followed ---
role="$build/agents/roles/nps --agent $folder/town/agents/nps.cambs --store $folder/nps.cambs
    --data $story/nps.json --json"
# shellcheck disable=SC2086 # words
expect 2 'no such case' $role refer "$hearing"
# shellcheck disable=SC2086
expect 0 '"event":"referred".*"type":"safeguarding.referral.child".*"to":"csc.cambs"' $role refer "$handle"
referral=$(last_id)
# shellcheck disable=SC2086
expect 0 'referred already' $role refer K # as our notes call it
at csc.cambs
expect 0 'immediate' concordat inbox --wait 10
expect 0 '"riskToChildren": "ROSH_MEDIUM"' concordat open "$referral" --json
printf '{"referralId": "%s", "localRef": "CSC-9", "receivedMs": "1", "decisionDueMs": "2"}' \
    "$(id_bytes "$referral")" >"$folder/ack.json"
send safeguarding.referral.ack nps.cambs "$folder/ack.json" --reply-to "$referral"
next received '"type":"safeguarding.referral.ack"' 'Social care has the referral'
hidden=$(grep -c CSC-9 "$folder/events") # what others write is on no line
expect 0 '' test "$hidden" = 0
answer csc.cambs "$referral" "{\"referralId\": \"$(id_bytes "$referral")\", \"outcome\": \"S47_ENQUIRY\",
    \"wantsUpdates\": true, \"updateIntervalDays\": 28}"
next received '"type":"safeguarding.referral.decision"' 'has decided: S47_ENQUIRY' "\"case\":\"$handle\""
next updated '"type":"safeguarding.update"' '"to":"csc.cambs"' "\"case\":\"$handle\""
update=$(of id)
expect 0 delivered concordat track "$update" --until delivered --wait 10
expect 0 '"number": 1' concordat open "$update" --json
expect 0 "\"ymd\": $(date -u -d '+28 days' +%Y%m%d)" concordat open "$update" --json
printf '{"referralId": "%s", "number": 1, "safeWorkingAdvice": {"text": "Visit in pairs."}}' \
    "$(id_bytes "$referral")" >"$folder/advice.json"
send safeguarding.update nps.cambs "$folder/advice.json" --case "$handle"
next recorded "\"id\":\"$sent\"" 'Advice on working safely'
sed -i 's/"number": 1/"number": 2/' "$folder/advice.json"
sed "s|$(id_bytes "$referral")|AAAAAAAAcACAAAAAAAAAAA==|" "$folder/advice.json" >"$folder/strange.json"
send safeguarding.update nps.cambs "$folder/strange.json"
next declined "\"id\":\"$sent\"" '"reason":"NOT_FOR_US"'

# --- sentence: the case goes to the CRC ---
court pass-sentence "$hearing"
next received '"type":"court.sentence.result"' "\"case\":\"$handle\""
next recorded '"type":"risk.rsr.result"' "\"case\":\"$handle\""
next acknowledged "\"id\":\"$sent\""
next sent '"type":"risk.rsr.result"' '"to":"crc.bench"' '"clause":"rsr-result"' '"shared":["DC_IDENTITY","DC_RISK_SCORE"]'
next allocated '"type":"case.allocation.decision"' '"to":"crc.bench"' '"ground":"LOW_OR_MEDIUM_TO_CRC"' \
    '"clause":"allocation"' '"shared":["DC_IDENTITY","DC_SENTENCE_ORDER","DC_RISK_SCORE"]'
allocation=$(of id)
at crc.bench
expect 0 delivered concordat track "$allocation" --until delivered --wait 10
expect 0 '"targetAgencyId": "crc.bench"' concordat open "$allocation" --json
reported_as=$handle
court pass-sentence "$hearing" --case 11111111-2222-4333-8444-555555555555 # corrected, by another system of the court
next received '"case":"11111111-2222-4333-8444-555555555555"'
next kept 'the allocation stands' # known by the court's number and the person's
handle=$reported_as

# --- nobody answers in time, one is not permitted: the report goes at the checks' deadline, late answers are kept ---
leave TERM 0
sed 's/"treatment": "tx.cambs"/"treatment": "prv.worklink"/' "$story/nps.json" >"$folder/nps.json"
serve nps nps.cambs --data "$folder/nps.json"
court order-report "$hearing" --needed-by "$(($(date +%s) + 6))"
asked check.social_care.children.request csc.cambs
children=$asked
next refused '"type":"check.treatment.request"' '"to":"prv.worklink"' '"code":"TYPE_NOT_COVERED"' '"advice":'
next reported '"missing":["check.social_care.children.request","check.social_care.adults.request","check.police.precons.request","check.police.callouts.request","check.treatment.request"]'
report=$(of id)
at court.b35cz00
expect 0 delivered concordat track "$report" --until delivered --wait 10
expect 0 '' concordat open "$report" --json
lines 4 '"state": "ASKED_NO_REPLY"'
lines 1 '"state": "REFUSED"'
hasnt '"kind": "DRR"' # who would treat was not asked
answer csc.cambs "$children" '{"outcome": "KNOWN_CURRENT", "children": [{"linkedRef": "c1", "status": "S47_ENQUIRY"}]}'
next received "\"inReplyTo\":\"$children\"" '"late":true' "\"case\":\"$handle\"" 'after the report was written'
expect 0 '"S47_ENQUIRY"' cat "$folder/nps.cambs/store.json"

# --- another: high risk stays; somebody without assessment gets no report ---
court order-report "$order_hearing" --needed-by "$(($(date +%s) + 3600))"
asked check.social_care.children.request csc.cambs
court pass-sentence "$order_hearing"
next kept '"type":"case.allocation.decision"' '"ground":"MAPPA_ELIGIBLE"' "\"case\":\"$handle\""
printf '{"hearingId": "%s"}' "$order_hearing" >"$folder/withdrawn.json"
at court.b35cz00
send psr.withdrawn nps.cambs "$folder/withdrawn.json" --case "$handle"
next kept "\"id\":\"$sent\"" 'No report will be written'
cat >"$folder/notice.json" <<END
{"hearingId": "$order_hearing", "courtOu": "B35CZ00", "days": [{"startMs": "1893492000000"}], "event": "DELETED",
 "defendant": {"name": {"surname": "Example"}}, "offences": [{"cjsCode": "TH68010"}]}
END
send court.hearing.notice nps.cambs "$folder/notice.json"
next received '"type":"court.hearing.notice"' "\"id\":\"$sent\""
next kept "\"id\":\"$sent\"" 'papers'
sed 's/2014\/0000001N/2002\/0073319Z/; s/X000002/X000009/' "$story/court.json" >"$folder/court.json"
at court.b35cz00
expect 0 '"event":"asked"' "$build/agents/roles/court" --agent "$CONCORDAT_AGENT" --store "$folder/court" \
    --data "$folder/court.json" --json order-report "$order_hearing" --needed-by "$(($(date +%s) + 3600))"
sent=$(last_id)
next declined "\"id\":\"$sent\"" '"reason":"INSUFFICIENT_INFORMATION"'
leave TERM 0

# --- killed in the middle of asking: each question goes once ---
for point in acknowledge:1 send:1 send:3 save:3; do
    court order-report "$hearing" --needed-by "$(($(date +%s) + 3600))"
    DIES_AT=$point serve "$build/tests/system/nps_dies" nps.cambs --data "$story/nps.json"
    ended 137
    serve nps nps.cambs --data "$story/nps.json"
    at tx.cambs # the last that is asked
    expect 0 check.treatment.request concordat inbox --wait 10
    leave TERM 0
    expect 0 check.treatment.request concordat open "$(last_id)"
    for agency in csc.cambs asc.cambs tx.cambs; do
        at $agency
        arrived 1 "\"case\": \"$handle\""
    done
    at police.35
    arrived 2 "\"case\": \"$handle\"" # convictions, callouts
done

# --- killed when the report has gone, between score and allocation, in a referral: each goes once ---
court order-report "$hearing" --needed-by "$(($(date +%s) + 4))"
DIES_AT=reply:1 serve "$build/tests/system/nps_dies" nps.cambs --data "$story/nps.json"
ended 137
serve nps nps.cambs --data "$story/nps.json"
next reported '"type":"psr.report"'
at court.b35cz00
expect 0 delivered concordat track "$(of id)" --until delivered --wait 10
arrived 1 "\"case\": \"$handle\""
leave TERM 0

court pass-sentence "$hearing" --case "$handle"
DIES_AT=send:1 serve "$build/tests/system/nps_dies" nps.cambs --data "$story/nps.json"
ended 137
serve nps nps.cambs --data "$story/nps.json"
next allocated '"type":"case.allocation.decision"'
at crc.bench
expect 0 delivered concordat track "$(of id)" --until delivered --wait 10
arrived 2 "\"case\": \"$handle\"" # score and decision
leave TERM 0

at csc.cambs
arrived 1 "\"case\": \"$handle\"" # the check
DIES_AT=send:1 "$build/tests/system/nps_dies" --agent "$folder/town/agents/nps.cambs" --store "$folder/nps.cambs" \
    --data "$story/nps.json" --json refer "$handle" >/dev/null 2>&1
expect 0 '' "$build/agents/roles/nps" --agent "$folder/town/agents/nps.cambs" --store "$folder/nps.cambs" \
    --data "$story/nps.json" --json refer "$handle"
serve nps nps.cambs --data "$story/nps.json" # what had gone is told, if it was not
at csc.cambs
expect 0 safeguarding.referral.child concordat inbox --wait 10
arrived 2 "\"case\": \"$handle\""
leave TERM 0
stop_town TERM
expect 0 '' test "$stopped" = 0
