#!/bin/sh
# role_court.sh BUILD - the court's reference system: orders, takes the report, says what is missing.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
# shellcheck source=tests/system/roles.sh
. "$(dirname -- "$0")/roles.sh"
hearing=3f1a2b6c-7d84-4e0b-9c55-81d2a4f6e001
court="$build/agents/roles/court --agent $folder/town/agents/court.b35cz00 --store $folder/court.b35cz00
    --data $story/court.json"

# report ID STATE: as probation, once it is there, the children's check in that state.
report()
{
    cat >"$folder/report.json" <<END
{"hearingId": "$hearing", "deliveredFormat": "ORAL", "risk": {"overall": "ROSH_MEDIUM"},
 "defendant": {"name": {"surname": "Example"}},
 "checks": [{"type": "check.police.precons.request", "state": "REPLIED"},
            {"type": "check.social_care.children.request", "state": "$2"}]}
END
    at nps.cambs
    expect 0 delivered concordat track "$1" --until delivered --wait 10
    expect 0 'ORAL' concordat open "$1"
    expect 0 accepted concordat answer "$1" "$folder/report.json"
}

start_town
# shellcheck disable=SC2086 # words, here and below
expect 2 'no hearing none' $court order-report none --needed-by 2030-01-01T10:00Z
# shellcheck disable=SC2086
expect 2 'needed-by T' $court order-report "$hearing" --needed-by tomorrow
# shellcheck disable=SC2086
expect 2 'order-report CASE' $court dance
# shellcheck disable=SC2086
expect 2 'case H' $court pass-sentence "$hearing"

# Ordered by hand while nobody serves; people read the handle that was made.
# shellcheck disable=SC2086
expect 0 '^ *case [0-9a-f-]*$' $court order-report "$hearing" --needed-by 2030-01-01T10:00Z
has 'psr.request to nps.cambs'
handle=$(sed -n 's/^ *case //p' "$folder/out")
at court.b35cz00
expect 0 "$handle" concordat track --json
sent=$(last_id)
at nps.cambs
expect 0 delivered concordat track "$sent" --until delivered --wait 10
expect 0 '"neededByMs": "1893492000000"' concordat open "$sent" --json
has "\"hearingId\": \"$hearing\""
has '"neededBy": "2030-01-01T10:00:00'

serve court court.b35cz00 --data "$story/court.json"
report "$sent" ASKED_NO_REPLY
next received '"type":"psr.report"' "\"inReplyTo\":\"$sent\"" '"from":"nps.cambs"' "\"case\":\"$handle\"" '"late":false' \
    '"agreement":"ISA-COURT","version":' '"clause":"psr-report"' '"shared":["DC_IDENTITY","DC_RISK_SCORE"]'
next recorded '"missing":["check.social_care.children.request"]' '1 checks have no answer'
next acknowledged '"type":"psr.report"' '"to":"nps.cambs"'
expect 0 acknowledged concordat track "$(of id)" --until acknowledged --wait 10

# Another, every check answered; this time the order keeps the case, and the service is killed as it takes the report.
# shellcheck disable=SC2086
expect 0 "\"case\":\"$handle\"" $court --json order-report "$hearing" --needed-by 2030-01-01T10:00Z --case "$handle"
second=$(last_id)
leave TERM 0
report "$second" REPLIED
DIES_AT=take:1 serve "$build/tests/system/court_dies" court.b35cz00 --data "$story/court.json"
ended 137
serve court court.b35cz00 --data "$story/court.json"
next received "\"inReplyTo\":\"$second\""
next recorded '"missing":[]' 'every check was answered'
next acknowledged

# Sentence, under the case that the order made; probation does not have it for what it is.
# shellcheck disable=SC2086
expect 0 '"event":"sentenced".*"type":"court.sentence.result"' $court --json pass-sentence K
has "\"case\":\"$handle\""
sent=$(last_id)
expect 0 delivered concordat track "$sent" --until delivered --wait 10
expect 0 '"kind": "DRR"' concordat open "$sent" --json
expect 0 '"cjsCode": "TH68010"' concordat open "$sent" --json

# An order that no agreement permits: refused, shown, and remembered.
sed 's/"probation": "nps.cambs"/"probation": "prv.worklink"/' "$story/court.json" >"$folder/wrong.json"
expect 3 '"event":"refused".*"code":"NO_AGREEMENT"' "$build/agents/roles/court" \
    --agent "$folder/town/agents/court.b35cz00" --store "$folder/court.b35cz00" --data "$folder/wrong.json" --json \
    order-report "$hearing" --needed-by 2030-01-01T10:00Z
expect 0 '"outcome": "REFUSED"' cat "$folder/court.b35cz00/store.json"
# One that the agent cannot take: a bug of ours, with its path.
sed 's/2018\/0123456P/2018\/0123456X/' "$story/court.json" >"$folder/wrong.json"
expect 2 '"event":"failed".*"where":"defendant.identifiers\[0\].value"' "$build/agents/roles/court" \
    --agent "$folder/town/agents/court.b35cz00" --store "$folder/court.b35cz00" --data "$folder/wrong.json" --json \
    order-report "$hearing" --needed-by 2030-01-01T10:00Z
leave TERM 0

# The broker is away: queued, and as good as sent. Then the agent: kept, and sent when it is back.
kill -STOP "$(cat "$folder/town/broker/pid")"
# shellcheck disable=SC2086
expect 4 '"queued":true' $court --json order-report "$hearing" --needed-by 2030-01-01T10:00Z
kill -CONT "$(cat "$folder/town/broker/pid")"
stop_town TERM
# shellcheck disable=SC2086
expect 1 'it is kept' $court --json order-report "$hearing" --needed-by 2030-01-01T10:00Z
start_town
serve court court.b35cz00 --data "$story/court.json"
next asked '"type":"psr.request"' '"to":"nps.cambs"'
leave TERM 0
stop_town TERM
expect 0 '' test "$stopped" = 0
