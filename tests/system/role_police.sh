#!/bin/sh
# role_police.sh BUILD - the police's reference system: found by number or not at all, answered once.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
# shellcheck source=tests/system/roles.sh
. "$(dirname -- "$0")/roles.sh"

# ask NAME IDENTIFIERS [FIELDS]: a check's body in $folder/ask.json.
ask()
{
    cat >"$folder/ask.json" <<END
{"subject": {"identifiers": [$2], $person},
 "why": "PRE_SENTENCE", "neededByMs": "1893456000000" ${3:+, $3}}
END
    send "check.police.$1.request" police.35 "$folder/ask.json" --case new
}
person='"name": {"forename": "Kit", "surname": "Example"}, "dateOfBirth": {"ymd": 19910412}'
pnc='{"type": "PNC", "value": "2018/0123456P"}'
other_pnc='{"type": "PNC", "value": "2014/0000001N"}'
cro='{"type": "CRO", "value": "012345/18K"}'
other_cro='{"type": "CRO", "value": "000001/99W"}'

# Callouts around today: inside and outside of six months.
recent=$(date -u -d '-2 months' +%Y%m%d)
old=$(date -u -d '-8 months' +%Y%m%d)
sed -e "s/20260214/$recent/; s/20160605/$old/" \
    -e "s/\"callouts\": \[\]/\"callouts\": [{\"date\": {\"ymd\": $recent}, \"role\": \"victim\"}]/" "$story/police.json" >"$folder/police.json"
data=$folder/police.json

expect 2 'agent SOCKET is missing' env -u CONCORDAT_AGENT "$build/agents/roles/police" serve
expect 2 'data FILE is missing' "$build/agents/roles/police" --agent x --store "$folder/x" serve
expect 2 'unknown: dance' "$build/agents/roles/police" --agent x --store "$folder/x" --data "$data" dance

start_town
at nps.cambs
serve police police.35 --data "$data"

# answered OUTCOME: the answer of the last request, opened by probation.
answered()
{
    next received "\"id\":\"$sent\"" '"from":"nps.cambs"' '"agreement":"ISA-CHECK"' \
        '"shared":["DC_IDENTITY"]' '"late":false'
    next answered "\"inReplyTo\":\"$sent\"" '"to":"nps.cambs"' '"agreement":"ISA-CHECK"'
    answer=$(of id)
    expect 0 answered concordat track "$sent" --until answered --wait 10
    expect 0 "\"outcome\": \"$1\"" concordat open "$answer" --json
}

ask precons "$pnc, $cro"
answered TRACED
told "$sent" '"clause":"precons-request"'
expect 0 '"checkName": "Example, Kit"' concordat open "$answer" --json
expect 0 '"cjsCode": "TH68010"' concordat open "$answer" --json
expect 0 '"forceStationCode": "35CA"' concordat open "$answer" --json
hasnt warningMarkers # told by no agreement

ask precons '{"type": "PNC", "value": "2002/0073319Z"}'
answered NO_TRACE
ask precons "$pnc, $other_cro" # two people's numbers
answered CANNOT_MATCH
ask precons '' # the right name, and nothing else
answered CANNOT_MATCH
hasnt convictions
ask precons "$pnc, $other_pnc" # two of one kind
answered CANNOT_MATCH
ask precons "$other_pnc" # of somebody with another name and day of birth
answered CANNOT_MATCH
hasnt convictions

ask callouts "$pnc" '"lookBackMonths": 6'
answered HELD
expect 0 '"incidents": 1' concordat open "$answer" --json
expect 0 '"withheldSensitive": true' concordat open "$answer" --json
expect 0 "\"ymd\": $recent" concordat open "$answer" --json
hasnt victim
hasnt "$old"
ask callouts "$pnc"
answered HELD
expect 0 '"incidents": 2' concordat open "$answer" --json
ask callouts "$pnc" '"lookBackMonths": 1'
answered NOTHING_HELD
kit=$person
person='"name": {"forename": "Mo", "surname": "Example"}, "dateOfBirth": {"ymd": 19850730}'
ask callouts "$other_pnc" # as a victim only: held, and no word of it
answered HELD
expect 0 '"withheldSensitive": true' concordat open "$answer" --json
has '"incidents": 0'
hasnt victim
ask callouts "$other_pnc" '"lookBackMonths": 1'
answered NOTHING_HELD
person=$kit

leave TERM 0

# Killed at any point, it answers once and with one message.
for point in save:1 take:1 save:2 reply:1 save:3; do
    ask precons "$pnc"
    DIES_AT=$point serve "$build/tests/system/police_dies" police.35 --data "$data"
    ended 137
    serve police police.35 --data "$data"
    expect 0 answered concordat track "$sent" --until answered --wait 10
    leave TERM 0
    arrived 1 "\"inReplyTo\": \"$sent\""
done


# The same with a store that forgets what was saved before the reply: two answers, and it shows.
ask precons "$pnc"
DIES_AT=save:1 serve "$build/tests/system/police_dies" police.35 --data "$data"
ended 137
cp "$folder/police.35/store.json" "$folder/earlier"
DIES_AT=reply:1 serve "$build/tests/system/police_dies" police.35 --data "$data"
ended 137
cp "$folder/earlier" "$folder/police.35/store.json"
serve police police.35 --data "$data"
next answered
leave TERM 0
expect 0 delivered concordat track "$(of id)" --until delivered --wait 10
arrived 2 "\"inReplyTo\": \"$sent\""
printf 'control_caught=yes\n'

stop_town TERM
expect 0 '' test "$stopped" = 0
