#!/bin/sh
# case.sh BUILD - a case on the command line: opened, offered with its record, rejected in part, offered again, taken.
#
# As a court team and a company's desk would do it, and what each is told when it may not.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
far=$(($(date -u +%Y) + 2))-01-01 # further ahead than any span here, and within what a header may ask
examples=$source/docs/examples

# The handle in the last output.
handle_of()
{
    sed -n 's/^held by us *//p' "$folder/out"
}

# The last message id in the last output.
latest_id()
{
    grep -o '[0-9a-f]\{8\}-[0-9a-f]\{4\}-7[0-9a-f]\{3\}-[0-9a-f]\{4\}-[0-9a-f]\{12\}' "$folder/out" \
        | tail -n 1
}

# delivered ID: waits until the message is with its recipient's agent.
delivered()
{
    expect 0 'delivered' concordat track "$1" --until delivered --wait 30
}

# said TEXT, unsaid TEXT: it stands, or does not, in what the last expectation printed.
said()
{
    checks=$((checks + 1))
    grep -q -e "$1" "$folder/out" || wrong "no '$1' in the last output"
}
unsaid()
{
    checks=$((checks + 1))
    if grep -q -e "$1" "$folder/out"; then wrong "'$1' in the last output"; fi
}

# documented: each field of the JSON that was printed last stands in agents/README.md.
documented()
{
    for field in $(grep -o '"[A-Za-z0-9]*":' "$folder/out" | tr -d '":' | sort -u); do
        checks=$((checks + 1))
        sed -n '/^## What `--json` prints/,/^## Around it/p' "$source/agents/README.md" | grep -q "\`$field\`" \
            || wrong "agents/README.md says nothing of the field $field"
    done
}

# wait_for TEXT command...: until the command prints it; each turn asks the agent once.
wait_for()
{
    text=$1
    shift
    tries=0
    until "$@" >"$folder/out" 2>&1 && grep -q -e "$text" "$folder/out"; do
        tries=$((tries + 1))
        [ "$tries" -lt 500 ] || break
    done
    expect 0 "$text" "$@"
}

# shown TEXT: waits until the case, as it is known here, has that in its JSON: from change to change.
shown()
{
    mark=0000000000000001 # no case's: the first answer comes at once
    changes=0
    checks=$((checks + 1))
    until [ "$changes" = 50 ]; do
        changes=$((changes + 1))
        concordat case show "$case" --wait 30 --since "$mark" --json >"$folder/out" 2>&1 || break
        ! grep -q -e "$1" "$folder/out" || return 0
        before=$mark
        mark=$(sed -n 's/.*"mark": "\([0-9a-f]*\)".*/\1/p' "$folder/out")
        [ "$mark" != "$before" ] || break
    done
    wrong "the case does not come to say '$1'"
    cat "$folder/out"
}

# --- without an agent ---
expect 2 'not a case handle' concordat case accept 123 --agent "$folder"
expect 1 'no agent at' concordat due --agent "$folder/nowhere"
expect 1 'no agent at /run/concordat/agent.sock' env CONCORDAT_AGENT= concordat due
expect 2 'no --json' concordat demo --json
expect 2 "a chapter's clock" concordat demo --chapter recall --clock 5
expect 1 'no agent at' concordat alarms --agent "$folder/nowhere"

start_town
at nps.cambs
expect 0 'nothing is due' concordat due
expect 0 '"due": \[\]' concordat due --json
expect 0 'no alarms' concordat alarms
expect 0 '"alarms": \[\]' concordat alarms --json
expect 0 'no alarms' concordat alarms --wait 0.1
expect 0 '"alarms": \[\]' concordat alarms --wait 0.1 --after 3 --json
expect 2 'no such alarm\|seen' concordat alarms --seen 7
expect 0 '"alarms": \[\]' concordat inbox --json

# --- who holds it ---
expect 0 'held by us' concordat case open
case=$(handle_of)
expect 0 "$case  0  .* nps.cambs" concordat case list # before any message about it
expect 0 '"holder": "nps.cambs"' concordat case list --json
expect 0 'holder *nps.cambs, since 20' concordat case holder "$case"
expect 0 'version *1 (the broker' concordat case holder "$case"
expect 0 '"holder": "nps.cambs"' concordat case holder "$case" --json
expect 0 'held by us' concordat case open --case "$case" # it is so already
expect 2 'is no mark' concordat case show "$case" --wait 1 --since 12
expect 0 'holder *nps.cambs' concordat case show "$case" --wait 0.1 # as it still is
expect 2 'no transfer of case' concordat case complete "$case"
at police.35
expect 3 'CASE_NOT_YOURS' concordat case holder "$case"
expect 3 '"code": "CASE_NOT_YOURS"' concordat case holder "$case" --json
expect 3 'refused' concordat case open
at crc.bench
expect 3 'CASE_NOT_YOURS' concordat case open --case "$case"

# --- a referral is open while the case changes hands ---
at nps.cambs
expect 0 'accepted' concordat send safeguarding.referral.child --to csc.cambs --case "$case" \
    "$examples/child-referral.json"
referral=$(last_id)
delivered "$referral"
expect 0 'number *1 of nps.cambs' concordat track "$referral"
expect 0 'to us *csc.cambs *\(open\|acknowledge\|decide\) safeguarding.referral.child' concordat due
expect 0 "$referral *safeguarding.referral.child *us *csc.cambs" concordat case show "$case"
expect 0 'claim *open at .*signed by us: done' concordat case show "$case"
at csc.cambs
expect 0 'by us *nps.cambs *\(open\|acknowledge\|decide\) safeguarding.referral.child' concordat due
expect 0 '"owedBy": "us"' concordat due --json
at nps.cambs
sed "s/\"1772634600000\"/\"$(date -u -d "$far" +%s)000\"/" "$examples/story/weeks/child-check.json" >"$folder/check.json"
expect 0 'accepted' concordat send check.social_care.children.request --to csc.cambs --case "$case" "$folder/check.json"
question=$(last_id)
delivered "$question"
expect 3 'conversation' concordat case close "$case"

# --- offered, with its record ---
printf '{"subject": {"name": {"surname": Quillfeather}}}\n' >"$folder/broken.json"
expect 2 'broken.json: line 1, column .*: not JSON' concordat case offer "$case" --to crc.bench "$folder/broken.json"
unsaid Quillfeather # what is wrong with a text is said without quoting it
expect 2 'not JSON' concordat send case.transfer.offer --to crc.bench --case "$case" "$folder/broken.json"
unsaid Quillfeather
printf '{"reason": "a", "reason": "b"}' >"$folder/twice.json"
expect 2 'twice in one object' concordat case offer "$case" --to crc.bench "$folder/twice.json"
expect 2 'that time is past' concordat case offer "$case" --to crc.bench "$examples/transfer-offer.json" --reply-by 2020-01-01
expect 3 'no part in a case of that handle' concordat case offer 019ad000-0000-7000-8000-000000000001 \
    --to crc.bench "$examples/transfer-offer.json"
expect 2 'to AGENCY is missing' concordat case offer "$case" "$examples/transfer-offer.json"
expect 2 'part.json' concordat case offer "$case" --to crc.bench "$examples/transfer-offer.json" --part "$folder/part.json"
expect 0 'with 2 parts; the case is ours until they complete' \
    concordat case offer "$case" --to crc.bench "$examples/transfer-offer.json" --part "$examples/record" \
    --reply-by "$far"
offer=$(last_id)
delivered "$offer"
expect 0 'offered to *crc.bench' concordat case show "$case"
expect 0 '4 *REQUIREMENT *offered *- *drug rehabilitation' concordat case show "$case"
expect 0 '1 *contact log *[0-9]* *unsent' concordat case show "$case"
expect 2 'is offered to crc.bench already' concordat case offer "$case" --to crc.bench "$examples/transfer-offer.json"
expect 2 'is offered to crc.bench already' concordat case offer "$case" --to nps.other "$examples/transfer-offer.json"
expect 3 '' concordat case close "$case"
for act in accept complete 'reject --reason NO_CAPACITY' 'query --missing 1'; do
    # shellcheck disable=SC2086 # words
    expect 2 'is for crc.bench to say' concordat case $act "$case"
done

sed 's/INITIAL_ALLOCATION/NO_SUCH_REASON/' "$examples/transfer-offer.json" >"$folder/offer-of-nothing.json"

# --- rejected in part ---
at crc.bench
expect 0 "$offer" concordat inbox --wait 5
expect 0 'Mornings are best' concordat open "$offer"
expect 0 'holder *nps.cambs' concordat case show "$case"
expect 0 '2 *assessment *[0-9]* *missing' concordat case show "$case"
expect 0 "$(LC_ALL=C date -u -d "$far" '+%a %d %b %Y') 00:00 GMT  in [0-9]* d.*by us *nps.cambs *reply to case.transfer.offer" concordat due
expect 2 'not a reason; did you mean' concordat case reject "$case" --component 4 --reason ADDRESS_NOT_VERIFED
expect 2 'give either' concordat case withdraw "$case" --unsent --reason OFFERED_IN_ERROR
expect 2 'is for nps.cambs to say' concordat case withdraw "$case" --reason OFFERED_IN_ERROR
expect 2 'is for nps.cambs to say' concordat case send-parts "$case" "$examples/record"
expect 2 'is for nps.cambs to say' concordat case offer "$case" --to nps.cambs "$examples/transfer-offer.json"
expect 2 'the manifest has no part 9; it lists 2' concordat case query "$case" --missing 9
expect 2 'component 5 is not open' concordat case accept "$case" --component 5
expect 0 'the case stays with nps.cambs, who may offer these again' concordat case reject "$case" --component 4 \
    --reason ADDRESS_NOT_VERIFIED --detail 'no such flat at that number'
expect 0 'not every component is accepted' concordat case accept "$case"
accept=$(last_id)
delivered "$accept"
expect 2 'part 1 (contact log): missing' concordat case complete "$case"
expect 2 'no component is open to acceptance' concordat case accept "$case"

# --- offered again, and the record sent ---
at nps.cambs
expect 0 '4 *REQUIREMENT *rejected *ADDRESS_NOT_VERIFIED' concordat case show "$case"
expect 0 '1 *OFFENDER *accepted' concordat case show "$case"
expect 0 '"reason": "ADDRESS_NOT_VERIFIED"' concordat case show "$case" --json
documented
expect 0 '"owedBy": "them"' concordat due --json
documented
expect 0 '"holder": "nps.cambs"' concordat case list --json
documented
expect 2 '"problems"' concordat case offer "$case" --to crc.bench "$folder/offer-of-nothing.json" --json
documented
expect 3 '"refusal"' concordat case close "$case" --json
documented
expect 0 'offered again to crc.bench' concordat case offer "$case" --to crc.bench "$examples/transfer-offer.json"
again=$(last_id)
delivered "$again"
sed 's/medium/high/' "$examples/record/2-assessment.json" >"$folder/changed.json"
expect 2 'its hash is not in the manifest' concordat case send-parts "$case" "$folder/changed.json"
expect 2 'nowhere.json: cannot be read' concordat case send-parts "$case" "$examples/record" "$folder/nowhere.json"
unsaid accepted # none goes when one cannot
expect 0 'part 1 *accepted' concordat case send-parts "$case" "$examples/record/1-contact-log.json"
part=$(latest_id)
delivered "$part"
at crc.bench
expect 0 'accepted' concordat case query "$case" --missing 2
query=$(last_id)
delivered "$query"
at nps.cambs
expect 0 "$query.*case.record.query" concordat inbox --wait 5
expect 0 '"missing"' concordat open "$query"
broker=$(cat "$folder/town/broker/pid")
kill -s STOP "$broker" # who does not answer: all of them are queued, not the first alone
expect 4 'part 1 *queued' concordat case send-parts "$case" "$examples/record" --wait 0.1
said 'part 2 *queued'
kill -s CONT "$broker"
expect 0 'part 2 *accepted' concordat case send-parts "$case" "$examples/record"
part=$(latest_id)
delivered "$part"
expect 0 '2 *assessment *[0-9]* *sent' concordat case show "$case"

# --- taken, and only now responsibility moves ---
expect 0 'holder *nps.cambs' concordat case holder "$case"
at crc.bench
expect 0 'every component is accepted' concordat case accept "$case"
expect 0 '2 *assessment *[0-9]* *here' concordat case show "$case"
expect 0 'the case is ours from now on' concordat case complete "$case"
complete=$(last_id)
delivered "$complete"
at nps.cambs
shown '"holder": "crc.bench"' # the broker tells it of its own
at crc.bench
expect 0 'holder *crc.bench' concordat case holder "$case"
expect 0 "$referral *safeguarding.referral.child *us *csc.cambs" concordat case show "$case"
at nps.cambs
expect 0 "$case  [1-9].* crc.bench" concordat case list
expect 0 'holder *crc.bench' concordat case holder "$case"
expect 3 'NOT_CURRENT_HOLDER' concordat case offer "$case" --to crc.bench "$examples/transfer-offer.json"
expect 3 'NOT_CURRENT_HOLDER' concordat case close "$case"
expect 3 "who holds it: concordat case holder $case" concordat case close "$case"
at csc.cambs
expect 0 "$referral *safeguarding.referral.child *them *crc.bench" concordat case show "$case"
expect 0 'holder *crc.bench' concordat case holder "$case"

# --- what was open goes on under the new holder, with its id ---
expect 0 'accepted' concordat answer "$referral" "$examples/referral-decision.json"
decision=$(last_id)
expect 0 "csc.cambs -> crc.bench" concordat track "$decision" --until delivered
at crc.bench
expect 0 'accepted' concordat send safeguarding.update --conversation "$referral" --case "$case" \
    "$examples/story/weeks/update-worker.json"
update=$(last_id)
delivered "$update"
expect 0 'number *2 of crc.bench' concordat track "$update" # the first was the former holder's
expect 0 "crc.bench -> csc.cambs" concordat track "$update"

# --- an answer comes to who asked, and follows the case ---
at csc.cambs
expect 0 'accepted' concordat answer "$question" "$examples/story/weeks/child-check-answer.json"
answer=$(last_id)
delivered "$answer"
at crc.bench
wait_for 'case.late_answer' concordat inbox
late=$(sed -n 's/ .*case.late_answer.*//p' "$folder/out")
expect 0 'it carries an answer that came for' concordat open "$late"
cp "$folder/out" "$folder/opened"
expect 0 'answer type *check.social_care.children.response' cat "$folder/opened"
expect 0 'answered by *csc.cambs' cat "$folder/opened"
expect 0 "to message *$question" cat "$folder/opened"
expect 0 "its id *$answer" cat "$folder/opened"
expect 0 '"type": "check.social_care.children.response"' concordat open "$late" --json

# --- a list that is cut says so: what nobody was shown is no silence ---
sed 's/"reason": "INITIAL/"replyByMs": "1577836800000", &/' "$examples/transfer-offer.json" >"$folder/past.json"
at nps.cambs
expect 0 'held by us' concordat case open
case=$(handle_of)
for _ in 1 2; do # each lapses as it is accepted, and both sides are told
    expect 0 'accepted' concordat case offer "$case" --to crc.bench "$folder/past.json"
    offer=$(last_id)
    delivered "$offer"
done
at crc.bench
wait_for '^2 .*has no reply' concordat alarms
unsaid 'older alarms'
expect 0 '"openConversations": \[\]' concordat case show "$case" --json # whatever came first
expect 0 'there are older alarms' concordat alarms --limit 1
expect 0 '"more": true' concordat alarms --limit 1 --json
expect 0 '"more": false' concordat alarms --json
documented
expect 0 'others that nobody has opened' concordat inbox --limit 1
expect 0 '"more": true' concordat inbox --limit 1 --json
expect 0 '"moreAlarms": false' concordat inbox --json
said '"more": false'
documented
expect 2 'numbered from 1' concordat alarms --seen 0
expect 0 'seen  alarm 1' concordat alarms --seen 1
expect 0 '"more": false' concordat alarms --limit 1 --json
stop_town TERM
expect 0 '' test "$stopped" = 0
