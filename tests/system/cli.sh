#!/bin/sh
# cli.sh BUILD - exit codes and messages of the command line: what a person sees when it goes wrong.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
examples=$source/docs/examples
far=$(($(date -u +%Y) + 2))-01-01 # further ahead than any span here, and within what a header may ask

# A psr.request whose notes have $1 bytes.
large()
{
    sed '/judgeNotes/,$d' "$examples/psr.request.json"
    printf '"judgeNotes": "'
    head -c "$1" /dev/zero | tr '\0' x
    printf '",\n'
    sed '1,/judgeNotes/d' "$examples/psr.request.json"
}

# --- without any agent ---
expect 2 'usage' concordat
expect 0 'catalogue' concordat help
expect 0 '--needed-by' concordat help send
expect 0 '[0-9]\.[0-9]' concordat --version
expect 2 "did you mean 'inbox'" concordat inbx
expect 2 "did you mean '--*to'\|unknown option" concordat send psr.request --too nps.cambs x.json
for command in sandbox demo catalogue send inbox open ack decline answer track case due alarms import agreement disclosures refusals status; do
    expect 0 "usage: concordat $command" concordat "$command" --help
done
# Every part that a command names in its usage has its help there, and so its section in the manual.
sh "$source/agents/cli/man.sh" "$(command -v concordat)" >"$folder/man" || wrong "no manual is made"
for command in agreement case; do
    parts=$(concordat "$command" --help | sed -n "s/^usage: concordat $command \([a-z|-]*\).*/\1/p" | tr '|' ' ')
    [ -n "$parts" ] || wrong "$command names no parts"
    for part in $parts; do
        expect 0 "usage: concordat $command $part" concordat "$command" "$part" --help
        expect 0 '' grep -q "^\.SS $command $part\$" "$folder/man"
    done
done
expect 0 'psr.request' concordat catalogue
expect 0 '"answeredBy": "psr.report"' concordat catalogue --json
expect 0 'defendant' concordat catalogue psr.request
expect 2 "did you mean 'psr.request'" concordat catalogue psr.reqest
expect 0 'well formed' concordat agreement lint "$source/agreements/examples"
expect 0 "ISA-IOM, .* pass" concordat agreement test "$source"/agreements/examples/*.yaml
expect 0 'ISA-COURT' concordat agreement list --folder "$source/agreements/examples"
expect 0 'sha256' concordat agreement show "$source/agreements/examples/court.yaml"
expect 0 'OMA2007_S14 .*Offender Management Act 2007 s.14' concordat agreement gateways
expect 0 'Kinds:  from CRC, NPS, PRISON to LA_HOUSING' concordat agreement gateways HA1996_S213B
expect 0 '"textRead": false' concordat agreement gateways HA1996_S213B --json
expect 2 "did you mean 'OMA2007_S14'" concordat agreement gateways OMA2007_S41
sed 's/gateway: SC2020_S30$/gateway: SC2020_S30_REQUEST/' "$source/agreements/examples/court.yaml" >"$folder/wrong.yaml"
expect 2 'wrong.yaml:[0-9]*: Sentencing Act 2020 s.30 .*not from NPS to COURT' \
    concordat agreement lint "$folder/wrong.yaml"
sed 's/^title:/titel:/' "$source/agreements/examples/court.yaml" >"$folder/bad.yaml"
expect 2 'bad.yaml:[0-9]*:.*titel' concordat agreement lint "$folder/bad.yaml"
: >"$folder/empty.yaml"
expect 2 'empty.yaml' concordat agreement lint "$folder/empty.yaml"
expect 2 'unknown' concordat agreement lintt
expect 1 'no agent at' concordat status --agent "$folder/nowhere"
expect 2 'not a message id' concordat open 123
expect 2 'case show|list' concordat case
expect 2 "did you mean 'show'" concordat case shwo
expect 2 'not a case handle' concordat case show 123
expect 0 'usage: concordat case show' concordat case show --help

start_town
at court.b35cz00
expect 0 'court.b35cz00' concordat status
expect 0 '"connected": true' concordat status --json
expect 0 'court.b35cz00 *true' concordat status --broker "$folder/town/broker/control.sock"
expect 0 '"agencies"' concordat status --broker "$folder/town/broker/control.sock" --json
expect 0 'concordat_sessions' concordat status --broker "$folder/town/broker/control.sock" --metrics
expect 1 'no broker' concordat status --broker "$folder/town/none.sock"
expect 0 'ISA-COURT' concordat agreement list
expect 0 'psr-request' concordat agreement show ISA-COURT
expect 2 '' concordat agreement show ISA-NONE

# --- bad input: 2, and nothing sent ---
expect 2 'unknown message type' concordat send psr.reqest --to nps.cambs "$examples/psr.request.json"
expect 2 'agency id' concordat send psr.request --to NPS "$examples/psr.request.json"
expect 2 'cannot read' concordat send psr.request --to nps.cambs "$folder/none.json"
expect 2 'missing' concordat send psr.request "$examples/psr.request.json"
expect 2 'needed-by' concordat send psr.request --to nps.cambs --needed-by 2026-02-30 "$examples/psr.request.json"
expect 2 'needed_by_ms: the body says 2026-12-11T10:00:00Z' concordat send psr.request --to nps.cambs \
    --needed-by 2026-12-12 "$examples/psr.request.json"
printf '{"hearingId": ' >"$folder/cut.json"
expect 2 '' concordat send psr.request --to nps.cambs "$folder/cut.json"
sed 's/"defendant"/"defendnat"/' "$examples/psr.request.json" >"$folder/bad.json"
expect 2 'defendnat' concordat send psr.request --to nps.cambs "$folder/bad.json"
sed '/"hearingId"/d' "$examples/psr.request.json" >"$folder/bad.json"
expect 2 'hearing' concordat send psr.request --to nps.cambs "$folder/bad.json"
sed 's/0123456P/0123456Q/' "$examples/psr.request.json" >"$folder/bad.json"
expect 2 'identifiers\[0\].*PNC' concordat send psr.request --to nps.cambs "$folder/bad.json"
sed 's/B35CZ00/Z35CZ00/' "$examples/psr.request.json" >"$folder/bad.json"
expect 2 'court' concordat send psr.request --to nps.cambs "$folder/bad.json"
large 1060000 >"$folder/large.json"
expect 2 'larger than' concordat send psr.request --to nps.cambs "$folder/large.json"
expect 0 'no messages yet' concordat track

# --- refused: 3 ---
expect 0 'nothing was refused' concordat refusals
expect 3 '' concordat send psr.request --to nobody.here --case new "$examples/psr.request.json"
expect 3 'refused' concordat send psr.request --to csc.cambs --case new "$examples/psr.request.json"
expect 3 '"outcome": "refused"' concordat send psr.request --to csc.cambs --case new --json "$examples/psr.request.json"
expect 3 'court.b35cz00 and csc.cambs are parties of no agreement together' \
    concordat send psr.request --to csc.cambs --case new "$examples/psr.request.json"
expect 3 'ISA-NONE is not known here' \
    concordat send psr.request --to nps.cambs --agreement ISA-NONE "$examples/psr.request.json"
expect 3 'PARTY_NOT_SIGNATORY, agreement ISA-SAFE' \
    concordat send psr.request --to nps.cambs --agreement ISA-SAFE "$examples/psr.request.json"
expect 3 'without it the message would be permitted\|is for the purpose court_advice' \
    concordat send psr.request --to nps.cambs --purpose treatment --officer 'K. Hartley' \
    --justification 'the list is today' "$examples/psr.request.json"
head -c 501 /dev/zero | tr '\0' x >"$folder/long"
expect 2 'justification: more than 500 bytes' concordat send psr.request --to nps.cambs \
    --justification "$(cat "$folder/long")" "$examples/psr.request.json"
expect 0 'PURPOSE_NOT_COVERED  psr.request -> nps.cambs' concordat refusals
expect 0 'agreement     ISA-COURT v3, clause psr-request' concordat refusals
expect 0 'justification the list is today' concordat refusals --since 2020-01-01
expect 0 '"officer": "K. Hartley"' concordat refusals --json --limit 1
expect 0 'nothing was refused' concordat refusals --since 2090-01-01
expect 0 'nothing was refused' concordat refusals --before 2020-01-01
expect 2 'since' concordat refusals --since yesterday
expect 1 '' sh -c "concordat refusals | grep -q Example" # who it was about is nowhere in it
expect 0 'no cases yet' concordat case list
at police.35
expect 3 'refused' concordat send psr.request --to nps.cambs --case new "$examples/psr.request.json"
at csc.cambs
expect 0 'nothing new' concordat inbox

# --- done: 0, and the whole ladder ---
sed "s/\"1796983200000\"/\"$(date -u -d "$far" +%s)000\"/" "$examples/psr.request.json" >"$folder/request.json"
at court.b35cz00
expect 0 'accepted' concordat send psr.request --to nps.cambs --case new --needed-by "$far" \
    --officer "Listing office" "$folder/request.json"
id=$(last_id)
expect 0 'delivered' concordat track "$id" --until delivered
expect 1 'not opened' concordat track "$id" --until opened --wait 0.2
at nps.cambs
expect 0 "$id.*court.b35cz00.*psr.request.*$far" concordat inbox --wait 5
expect 0 "\"id\": \"$id\"" concordat inbox --json
expect 0 '0123456P' concordat open "$id"
expect 0 '"notShared"' concordat open "$id" --json
expect 0 'acknowledged' concordat ack "$id"
expect 0 'accepted' concordat answer "$id" "$examples/psr.report.json"
reply=$(last_id)
at court.b35cz00
expect 0 'acknowledged' concordat track "$id" --until answered
expect 0 "$reply" concordat inbox --wait 5
expect 0 'ROSH_MEDIUM' concordat open "$reply"
expect 0 "needed by *${far}T00:00:00Z" concordat track "$id"
expect 0 "answered .*nps.cambs (signature verified)  $reply\$" concordat track "$id"
expect 0 "in reply to *$id" concordat track "$reply"
expect 0 "\"answer\": \"$reply\"" concordat track "$id" --json
expect 0 "\"inReplyTo\": \"$id\"" concordat track "$reply" --json
expect 0 "\"conversationId\": \"$id\"" concordat track "$reply" --json
expect 0 '"sequence": 1' concordat track "$reply" --json
expect 0 '"late": false' concordat track "$reply" --json
expect 2 '' concordat open 01900000-0000-7000-8000-000000000000

# Late: the time for an answer passed long ago. It is overdue, then answered late; nobody refuses it.
sed 's/"1796983200000"/"1577836800000"/' "$examples/psr.request.json" >"$folder/past.json"
expect 0 'accepted' concordat send psr.request --to nps.cambs --case new --agreement ISA-COURT "$folder/past.json"
past=$(last_id)
handle=$(sed -n 's/^case *//p' "$folder/out")
expect 0 'OVERDUE since 2020-01-01T00:00:00Z' concordat track "$past"
expect 0 '"overdue": true' concordat track "$past" --json
expect 0 "$past.*OVERDUE" concordat track
at nps.cambs
expect 0 "$past.*2020-01-01T00:00:00Z *OVERDUE" concordat inbox --wait 5
expect 0 'deadline *OVERDUE since' concordat open "$past"
expect 0 'accepted' concordat answer "$past" "$examples/psr.report.json"
reply=$(last_id)
at court.b35cz00
expect 0 "answered .*$reply  LATE ([0-9]* d.*after it was needed)" concordat track "$past" --until answered
expect 0 '"lateMs": ' concordat track "$past" --json
expect 0 '"state": "answered"' concordat track "$past" --json
expect 0 "$reply.* LATE" concordat inbox --wait 5
expect 0 'LATE (.*after it was needed)' concordat track "$reply"
expect 0 'deadline *LATE (' concordat open "$reply"
expect 0 '"late": true' concordat inbox --all --json

# The case has both; another has none, which is no fault.
expect 0 "conversation $past" concordat case show "$handle"
expect 0 "court.b35cz00 -> nps.cambs *1 *psr.request *answered *2020-.*answered LATE *$past" concordat case show "$handle"
expect 0 "nps.cambs -> court.b35cz00 *1 *psr.report *opened *LATE *$reply" concordat case show "$handle"
expect 0 '"more": false' concordat case show "$handle" --json
expect 0 "\"conversationId\": \"$past\"" concordat case show "$handle" --json
expect 0 'there are older messages' concordat case show "$handle" --limit 1
expect 0 "$handle *2 " concordat case list
expect 0 '"messages": 2' concordat case list --json
expect 0 'there are older cases' concordat case list --limit 1
expect 0 'no message about case' concordat case show "$past"
expect 0 '"conversations": \[\]' concordat case show "$past" --json

# The largest body there may be, all but.
large 1047000 >"$folder/large.json"
expect 0 'accepted' concordat send psr.request --to nps.cambs --case new "$folder/large.json"
large=$(last_id)
expect 0 'delivered' concordat track "$large" --until delivered
at nps.cambs
concordat open "$large" >"$folder/opened" 2>&1
expect 0 '' test "$(wc -c <"$folder/opened")" -gt 1047000
at court.b35cz00

# The same id is the same message; the same id with other content is not.
expect 0 "$id" concordat send psr.request --to nps.cambs --case new --id "$id" \
    --officer "Listing office" "$folder/request.json"
at nps.cambs
expect 0 'nothing new' concordat inbox

# Declined, with a reason from the list.
expect 0 'accepted' concordat send safeguarding.referral.child --to csc.cambs --case new "$examples/child-referral.json"
referral=$(last_id)
at csc.cambs
expect 0 'immediate' concordat inbox --wait 5
expect 0 'Ari' concordat open "$referral"
expect 2 'reason' concordat decline "$referral"
expect 2 "not a reason" concordat decline "$referral" --reason because
expect 0 'declined' concordat decline "$referral" --reason out-of-area
at nps.cambs
expect 0 'declined' concordat track "$referral" --until declined

# Decided: the answer of a referral.
expect 0 'accepted' concordat send safeguarding.referral.child --to csc.cambs --case new "$examples/child-referral.json"
referral=$(last_id)
at csc.cambs
expect 0 "$referral" concordat inbox --wait 5
expect 0 'Ari' concordat open "$referral"
expect 0 'accepted' concordat answer "$referral" "$examples/referral-decision.json"
at nps.cambs
expect 0 'answered' concordat track "$referral" --until answered
stop_town TERM
expect 0 '' test "$stopped" = 0

# --- queued: 4, and it leaves when the broker is back ---
start_town --respawn
at court.b35cz00
kill -STOP "$(cat "$folder/town/broker/pid")"
expect 4 'queued' concordat send psr.request --to nps.cambs --case new --wait 1 "$examples/psr.request.json"
late=$(last_id)
kill -CONT "$(cat "$folder/town/broker/pid")"
expect 0 'delivered' concordat track "$late" --until delivered --wait 60
stop_town TERM
