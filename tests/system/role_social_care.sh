#!/bin/sh
# role_social_care.sh BUILD - social care's reference system: checks within scope, referrals to the end.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
# shellcheck source=tests/system/roles.sh
. "$(dirname -- "$0")/roles.sh"
examples=$source/docs/examples
kit='{"identifiers": [{"type": "PNC", "value": "2018/0123456P"}],
      "name": {"forename": "Kit", "surname": "Example"}, "dateOfBirth": {"ymd": 19910412}}'

# linked FORENAME SURNAME BORN RELATIONSHIP REFERENCE [IDENTIFIERS]: somebody named in a check.
linked()
{
    printf '{"person": {"identifiers": [%s], "name": {"forename": "%s", "surname": "%s"},
        "dateOfBirth": {"ymd": %s}}, "relationship": "%s", "reference": "%s"}' \
        "${6-}" "$1" "$2" "$3" "$4" "$5"
}

# ask KIND FIELD LINKED: a check about Kit Example and whoever is linked.
ask()
{
    printf '{"subject": %s, "why": "PRE_SENTENCE", "neededByMs": "1893456000000", "%s": [%s]}' \
        "$kit" "$2" "$3" >"$folder/ask.json"
    send "check.social_care.$1.request" "$desk" "$folder/ask.json" --case new
}

# answered OUTCOME: the answer of the last request, opened by probation.
answered()
{
    next received "\"id\":\"$sent\"" '"from":"nps.cambs"' '"agreement":"ISA-CHECK"'
    next answered "\"inReplyTo\":\"$sent\"" "\"text\":\"$1\""
    answer=$(of id)
    expect 0 answered concordat track "$sent" --until answered --wait 10
    expect 0 "\"outcome\": \"$1\"" concordat open "$answer" --json
}

# declined REASON: what became of the last message sent.
declined()
{
    next received "\"id\":\"$sent\""
    next declined "\"id\":\"$sent\"" "\"reason\":\"$1\"" '"to":"nps.cambs"'
    expect 0 "$1" concordat track "$sent" --until declined --wait 10
}

expect 2 'either --children or --adults' "$build/agents/roles/social_care" serve
start_town
at nps.cambs

# --- children: checks ---
desk=csc.cambs
serve social_care csc.cambs --children --data "$story/children.json"
ask children children "$(linked Ari Example 20220519 child c1)"
answered KNOWN_CURRENT
expect 0 '"linkedRef": "c1"' concordat open "$answer" --json
expect 0 '"status": "S47_ENQUIRY"' concordat open "$answer" --json
expect 0 '"phone": "01632 960001"' concordat open "$answer" --json
told "\"inReplyTo\":\"$sent\"" '"shared":["DC_IDENTITY","DC_CHILD","DC_STAFF"]'
ask children children "$(linked Lee Sample 20150910 stepchild c1)"
answered KNOWN_CLOSED
ask children children "$(linked ARI EXAMPLE 20200519 child c1)" # another day of birth
answered NOT_KNOWN
hasnt '"children"'
ask children children "$(linked Ari Example 20220519 child c1 '{"type": "LA_CHILD_ID", "value": "C-198002"}')"
answered CANNOT_MATCH # the number is another child's
ask children children "$(linked Ari Example 20220519 child c1), $(linked Kim Other 20190101 "neighbour's child" c2)"
declined INSUFFICIENT_INFORMATION

# --- children: a referral, from its acknowledgement to its close ---
send safeguarding.referral.child csc.cambs "$examples/child-referral.json" --case new
referral=$sent
next received '"type":"safeguarding.referral.child"' '"agreement":"ISA-SAFE"' '"notShared":["DC_CONTACT_ADDRESS","DC_THIRD_PARTY"]'
handle=$(of case)
next acknowledged "\"id\":\"$referral\"" '"to":"nps.cambs"'
next acknowledged '"type":"safeguarding.referral.ack"' "\"inReplyTo\":\"$referral\"" "\"case\":\"$handle\""
ack=$(of id)
next decided '"type":"safeguarding.referral.decision"' '"outcome":"S47_ENQUIRY"' "\"inReplyTo\":\"$referral\""
decision=$(of id)
expect 0 acknowledged concordat track "$referral" --until answered --wait 10
expect 0 'decisionDueMs' concordat open "$ack" --json
expect 0 "\"referralId\": \"$(id_bytes "$referral")\"" concordat open "$ack" --json
expect 0 '"localRef": "CSC-00001"' concordat open "$ack" --json
expect 0 '"wantsUpdates": true' concordat open "$decision" --json
expect 0 '"updateIntervalDays": 28' concordat open "$decision" --json
expect 0 '"forename": "Sam"' concordat open "$decision" --json

# update NUMBER [REFERRAL]: from probation.
update()
{
    printf '{"referralId": "%s", "number": %d, "childChanges": ["NONE"]}' \
        "$(id_bytes "${2:-$referral}")" "$1" >"$folder/update.json"
    send safeguarding.update csc.cambs "$folder/update.json" --case "$handle"
}
update 1
next received '"type":"safeguarding.update"' '"clause":"update-child"'
next recorded "\"id\":\"$sent\"" 'Update 1 is with CSC-00001.'
next acknowledged "\"id\":\"$sent\""
update 1
declined DUPLICATE_OF_EARLIER
update 3
next recorded 'Update 3 is with CSC-00001; an earlier one is missing.'
update 1 00000000-0000-7000-8000-000000000000
declined NOT_FOR_US
# Who took the case over is known by its handle; who knows no more than the referral's number is not.
at crc.bench
printf '{"referralId": "%s", "number": 4, "childChanges": ["NONE"]}' "$(id_bytes "$referral")" >"$folder/update.json"
send safeguarding.update csc.cambs "$folder/update.json" --case new
next declined "\"id\":\"$sent\"" '"reason":"NOT_FOR_US"'
send safeguarding.update csc.cambs "$folder/update.json" --case "$handle"
next recorded "\"id\":\"$sent\"" 'Update 4 is with CSC-00001'
at nps.cambs

# Its staff advise, while the service runs beside them; the number goes up.
role="$build/agents/roles/social_care --children --agent $folder/town/agents/csc.cambs --store $folder/csc.cambs
    --data $story/children.json"
# shellcheck disable=SC2086 # words
expect 2 'no referral about that case' $role advise 00000000-0000-4000-8000-000000000000
# shellcheck disable=SC2086
expect 0 '"event":"updated".*"type":"safeguarding.update".*"to":"nps.cambs"' $role --json advise "$handle"
advice=$(last_id)
# shellcheck disable=SC2086
expect 0 'updated  *safeguarding.update to nps.cambs' $role advise "$referral" 'Ring first.'
expect 0 'delivered' concordat track "$advice" --until delivered --wait 10
expect 0 'Visit in pairs' concordat open "$advice" --json
expect 0 '"number": 1' concordat open "$advice" --json
lines 1 '"DC_IDENTITY"'
lines 1 '"DC_CHILD"' # under notShared
printf '{"referralId": "%s", "reason": "ORDER_ENDED", "date": {"ymd": 20270401}}' "$(id_bytes "$referral")" >"$folder/close.json"
send safeguarding.close csc.cambs "$folder/close.json" --case "$handle"
next recorded "\"id\":\"$sent\"" 'No more updates'

# The table of decisions; and a type that nobody here deals with.
sed 's/SIGNIFICANT_HARM/CHILD_IN_NEED/' "$examples/child-referral.json" >"$folder/s17.json"
send safeguarding.referral.child csc.cambs "$folder/s17.json" --case new
next decided '"outcome":"S17_ASSESSMENT"'
sed 's/SIGNIFICANT_HARM/EARLY_HELP/' "$examples/child-referral.json" >"$folder/help.json"
send safeguarding.referral.child csc.cambs "$folder/help.json" --case new
next decided '"outcome":"NO_FURTHER_ACTION"'
printf '{"meetingId": "%s"}' "$(id_bytes "$referral")" >"$folder/conference.json"
send safeguarding.conference.report csc.cambs "$folder/conference.json"
declined NOT_FOR_US
expect 1 '' grep -q "\"event\":\"acknowledged\".*$sent" "$folder/events"
leave TERM 0

# Killed between any two of the three that a referral causes: each goes once.
for point in take:1 acknowledge:1 send:1 reply:1; do
    send safeguarding.referral.child csc.cambs "$examples/child-referral.json" --case new
    DIES_AT=$point serve "$build/tests/system/social_care_dies" csc.cambs --children --data "$story/children.json"
    ended 137
    serve social_care csc.cambs --children --data "$story/children.json"
    next decided "\"inReplyTo\":\"$sent\""
    expect 0 delivered concordat track "$(of id)" --until delivered --wait 10
    leave TERM 0
    arrived 2 "\"inReplyTo\": \"$sent\""
done
expect 0 '' test "$(grep -c '"localRef"' "$folder/csc.cambs/store.json")" = 7

# --- adults ---
desk=asc.cambs
serve social_care asc.cambs --adults --data "$story/adults.json"
ask adults adultsAtRisk "$(linked Pat Example 19480221 mother a1)"
answered KNOWN_CURRENT
expect 0 '"status": "ADULT_CARE_PACKAGE"' concordat open "$answer" --json
ask adults adultsAtRisk ''
answered NOT_KNOWN
ask adults adultsAtRisk "$(linked Pat Example 19480221 landlord a1)"
declined INSUFFICIENT_INFORMATION
# refer NEEDS UNABLE: an adult, by the tests of section 42.
refer()
{
    cat >"$folder/adult.json" <<END
{"adult": {"name": {"forename": "Pat", "surname": "Example"}, "dateOfBirth": {"ymd": 19480221}},
 "hasCareAndSupportNeeds": $1, "unableToProtectSelf": $2, "abuse": ["FINANCIAL"],
 "whatHappened": {"text": "Money is missing.", "basis": "UNVERIFIED"}, "consent": "GIVEN"}
END
    send safeguarding.referral.adult asc.cambs "$folder/adult.json" --case new
}
refer true true
next acknowledged '"type":"safeguarding.referral.adult"'
next acknowledged '"type":"safeguarding.referral.ack"' '"clause":"ack-adult"'
next decided '"outcome":"S42_ENQUIRY"' '"clause":"decision-adult"' "\"inReplyTo\":\"$sent\""
refer true false
next decided '"outcome":"NON_S42_RESPONSE"'
leave INT 0
stop_town TERM
expect 0 '' test "$stopped" = 0
