#!/bin/sh
# role_crc.sh BUILD - the CRC's reference system: keeps what is allocated, shows what it was not told.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
# shellcheck source=tests/system/roles.sh
. "$(dirname -- "$0")/roles.sh"
subject='"subject": {"identifiers": [{"type": "CRN", "value": "X000001"}], "name": {"surname": "Example"}}'
rsr='"rsr": {"tool": "RSR", "basisPoints": 240}'
printf '{%s, %s}' "$subject" "$rsr" >"$folder/rsr.json"
printf '{%s, %s, "rosh": "ROSH_MEDIUM", "targetAgencyId": "crc.bench", "ground": "LOW_OR_MEDIUM_TO_CRC",
    "override": true, "overrideReason": "An exercise.", "decided": {"ymd": 20261125}}' "$subject" "$rsr" >"$folder/allocation.json"

start_town
serve crc crc.bench
at nps.cambs
send risk.rsr.result crc.bench "$folder/rsr.json" --case new
handle=$(sed -n 's/^case  *//p' "$folder/out")
next received '"type":"risk.rsr.result"' "\"id\":\"$sent\"" "\"case\":\"$handle\"" '"agreement":"ISA-CASE"' \
    '"clause":"rsr-result"' '"shared":["DC_IDENTITY","DC_RISK_SCORE"]' \
    '"notShared":["DC_OFFENCE_INDEX","DC_CRIMINAL_HISTORY","DC_STAFF"]'
next kept '"type":"risk.rsr.result"'
next acknowledged "\"id\":\"$sent\"" '"to":"nps.cambs"'
leave TERM 0

# Killed after it has acknowledged, before it remembers that: still one case, one acknowledgement.
send case.allocation.decision crc.bench "$folder/allocation.json" --case "$handle"
DIES_AT=acknowledge:1 serve "$build/tests/system/crc_dies" crc.bench
next received "\"id\":\"$sent\"" '"notShared":["DC_OFFENCE_INDEX","DC_SENTENCE_ORDER","DC_STAFF"]'
next kept '"type":"case.allocation.decision"' '"ground":"LOW_OR_MEDIUM_TO_CRC"'
ended 137
serve crc crc.bench
next acknowledged "\"id\":\"$sent\""
expect 0 acknowledged concordat track "$sent" --until acknowledged --wait 10
lines 1 ' acknowledged '
expect 0 '' test "$(grep -c '"targetAgencyId"' "$folder/crc.bench/store.json")" = 1
leave TERM 0

# The agent goes and comes back under it: said, and the next case is taken.
serve crc crc.bench
stop_town TERM
start_town
send risk.rsr.result crc.bench "$folder/rsr.json" --case new
next received "\"id\":\"$sent\""
next acknowledged
expect 0 'agent is back' cat "$folder/role.err"
leave TERM 0
stop_town TERM
expect 0 '' test "$stopped" = 0
