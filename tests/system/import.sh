#!/bin/sh
# import.sh BUILD - hearings of another system become messages: once, for our court, and without a
# word of what stands in them.
# shellcheck source=tests/system/town.sh disable=SC2086 # lists of words
. "$(dirname -- "$0")/town.sh"
listed=$source/docs/examples/hearing-listed.json
sentenced=$source/docs/examples/hearing-sentenced.json
fixtures=$source/tests/fixtures/common-platform
import="concordat import common-platform"

# How many messages have come to nps.cambs, opened or not.
arrived()
{
    CONCORDAT_AGENT=$folder/town/agents/nps.cambs concordat inbox --all --json | grep -c '"type"'
}

# expect_silence: the last output names nobody.
expect_silence()
{
    checks=$((checks + 1))
    if grep -q -i -e 'Kit' -e 'Sample Court' -e 'X000001' -e '1991' -e 'McCullough' "$folder/out"; then
        wrong "the output repeats what stands in the hearing"
        cat "$folder/out"
    fi
}

# --- without any agent ---
expect 0 'usage: concordat import' concordat import --help
expect 0 'fetch-hearing | concordat import' $import --help
expect 2 "did you mean 'common-platform'" concordat import common-plattform
expect 2 'missing argument' $import
expect 1 'no agent at' $import "$listed" --agent "$folder/nowhere"
expect 1 'no agent at' $import "$listed" --dry-run --to nps.cambs --agent "$folder/nowhere"
dry="--dry-run --to nps.cambs --court B35CZ00"
expect 0 'would send: 1 notice, 0 sentence results' $import "$listed" $dry
expect 0 'would send: 2 notices, 1 sentence result' $import "$listed" "$sentenced" $dry
expect 0 'prosecutionCases\[\*\].defendants\[\*\].offences\[\*\]: .*chargeDate x2' $import "$listed" $dry
expect_silence
expect 0 'not carried: prosecutionCases\[0\].defendants\[0\].offences\[1\].chargeDate' $import "$listed" $dry --verbose
expect_silence
expect 0 '"pncMissing": false' $import "$listed" $dry --json
expect 0 '"wouldSend": 1' $import "$listed" $dry --json
expect 2 'hearing-none.json: cannot be read' $import "$folder/hearing-none.json" $dry
expect 2 '\-\-court: court code' $import "$listed" --dry-run --to nps.cambs --court Z35CZ00
mkdir "$folder/none"
expect 2 'no \*.json' $import "$folder/none" $dry
head -c 500 "$listed" >"$folder/cut.json"
expect 2 'cut.json: line [0-9]*, column [0-9]*: ' $import "$folder/cut.json" $dry
expect_silence
expect 2 'psr.request.json: no hearing: looked for' $import "$source/docs/examples/psr.request.json" $dry
head -c 1048577 /dev/zero | tr '\0' ' ' >"$folder/large.json"
expect 2 'larger than 1048576 bytes' $import "$folder/large.json" $dry
expect 2 'another court than --court says' $import "$fixtures/hearing-1.json" $dry
expect 2 '5 files, 3 of them bad; would send: 2 notices, 0 sentence results' $import "$fixtures" $dry # two name no court
expect 0 '1 file; would send: 2 notices' $import "$fixtures/hearing-1.json" --dry-run --to nps.cambs --court B05KP00
expect_silence
expect 0 'would send: 1 notice, 0 sentence results; the same again: 1 notice' $import "$fixtures/court-hearing-event.json" --dry-run --to nps.cambs --court B10JQ00
expect_silence

# --- what cannot be trusted is a fault; what changes the rest is warned of ---
sed 's/"isDeleted": false/"isDeleted": "true"/' "$sentenced" >"$folder/flagged.json"
expect 2 'isDeleted: should be true or false' $import "$folder/flagged.json" $dry
expect_silence
sed 's/"listingNumber": 1,/"listingNumber": 1, "isDiscontinued": true,/' "$listed" >"$folder/discontinued.json"
expect 0 'warning: .*offences\[0\].isDiscontinued: ' $import "$folder/discontinued.json" $dry
expect 0 '1 file, 1 warning; would send: 1 notice' $import "$folder/discontinued.json" $dry
expect_silence
expect 0 '"warnings": 1' $import "$folder/discontinued.json" $dry --json

# shellcheck disable=SC2119 # no options
start_town
at court.b35cz00

# --- a dry run sends nothing; the recipient is the one that the agreement permits ---
expect 0 'to nps.cambs' $import "$listed" --dry-run
expect 0 'no messages yet' concordat track

# --- sent once, arrived once, readable ---
expect 0 'accepted  .*court.hearing.notice' $import "$listed"
expect_silence
notice=$(last_id)
case=$(grep -o 'case [0-9a-f-]*' "$folder/out")
expect 0 'accepted: 1 notice, 1 sentence result' $import "$sentenced" --officer 'Listing office'
expect 0 "$case" $import "$sentenced" # all hearings of a case have one handle
expect 0 'delivered' concordat track "$notice" --until delivered
at nps.cambs
expect 0 "$notice.*court.hearing.notice" concordat inbox --wait 5
expect 0 '0123456P' concordat open "$notice"
at court.b35cz00

# --- twice is once ---
expect 0 'already sent: 1 notice, 0 sentence results' $import "$listed"
expect 0 "$notice" $import "$listed"
expect 0 '"alreadySent": 1' $import "$listed" --json
expect 0 'already sent: 2 notices, 1 sentence result' $import "$listed" "$sentenced"
expect 0 '' test "$(arrived)" = 3
sed 's/"listedDurationMinutes": 20/"listedDurationMinutes": 25/' "$listed" >"$folder/changed.json"
expect 0 'accepted: 1 notice' $import "$folder/changed.json" # a hearing that changed is another message
expect 0 'already sent: 1 notice' $import "$folder/changed.json"
expect 0 'accepted: 1 notice' $import "$listed" # and one that changed back
expect 0 'already sent: 1 notice' $import "$listed"

# --- another court, and none ---
expect 2 'hearing-1.json: courtCentre.code: another court' $import "$fixtures/hearing-1.json"
expect_silence
expect 2 'names no court' $import "$fixtures/hearing.results-shared-with-nexthearing-crowncourt.json"
expect 2 'hearing-1.json: courtCentre.code: another court' $import "$fixtures/hearing-1.json" --court B35CZ00
expect 2 'another court than --court' $import "$listed" --court B05KP00
expect 0 'accepted: 2 notices' $import "$fixtures/hearing-1.json" --court B05KP00
expect 0 'accepted: 1 notice' $import "$fixtures/hearing.results-shared-with-nexthearing-crowncourt.json" --court B35CZ00

# --- a bad file in the middle stops nobody, unless it should ---
mkdir "$folder/box"
sed 's/81d2a4f6e001/81d2a4f6e011/' "$listed" >"$folder/box/a.json"
cp "$folder/cut.json" "$folder/box/b.json"
sed 's/81d2a4f6e001/81d2a4f6e012/' "$listed" >"$folder/box/c.json"
expect 2 'stopped: 1 of 3 files were not looked at' $import "$folder/box" --strict
expect 0 'already sent' $import "$folder/box/a.json"
expect 2 '3 files, 1 of them bad; accepted: 1 notice.*already sent: 1 notice' $import "$folder/box"
expect 2 '"badFiles": 1' $import "$folder/box" --json
sed -e 's/"lastName": "Example",//' -e 's/"firstName": "Kit",//' -e 's/81d2a4f6e001/81d2a4f6e013/' "$listed" >"$folder/nameless.json"
expect 2 'lastName: is missing' $import "$folder/nameless.json"
expect_silence
sed 's/81d2a4f6e001/81d2a4f6e014/' "$listed" >"$folder/standard.json"
# shellcheck disable=SC2016 # it is the inner shell's
expect 0 'accepted: 1 notice' sh -c 'concordat import common-platform - <"$1"' sh "$folder/standard.json"

# --- whom agreements do not let, and whom several may get it from ---
at police.35
expect 2 'no agreement lets police.35 send a court.hearing.notice' $import "$listed" --court B35CZ00
expect 3 'refused' $import "$listed" --court B35CZ00 --to nps.cambs
expect_silence

# --- a case that the user knows by another handle ---
at court.b35cz00
handle=0192f0c1-7a5e-4000-8000-000000000001
sed 's/81d2a4f6e001/81d2a4f6e017/' "$listed" >"$folder/handled.json"
expect 0 "case $handle" $import "$folder/handled.json" --case "$handle"
expect 2 'a second defendant' $import "$fixtures/hearing-1.json" --court B05KP00 --case "$handle"
expect 2 'is for one file' $import "$listed" "$sentenced" --case "$handle"

# --- refused: 3, never delivered, and sent once it may be ---
at court.b35cz00
# import_until CODE: new hearings, one after the other, until the answer is that: agents hear of an
# instrument a moment after it is published.
import_until()
{
    tries=0 got=-1
    while [ "$got" != "$1" ] && [ "$tries" -lt 200 ]; do
        tries=$((tries + 1)) number=$((number + 1))
        sed "s/81d2a4f6e001/81d2a4f70$number/" "$listed" >"$folder/tried.json"
        got=0
        $import "$folder/tried.json" --to nps.cambs >"$folder/out" 2>&1 || got=$?
    done
    checks=$((checks + 1))
    [ "$got" = "$1" ] || wrong "$tries hearings, and never exit code $1"
}
number=100
# Probation suspends the agreement, and resumes it.
pki=$folder/town/pki
expect 0 '' concordat agreement pin "$folder/town/agreements/court.yaml" --pki "$pki" \
    --out "$folder/court.yaml"
probation_signs()
{
    expect 0 'written' concordat agreement sign "$1" "$folder/court.yaml" --agency nps.cambs \
        --key "$pki/agencies/nps.cambs/governance.key" \
        --certificate "$pki/agencies/nps.cambs/governance.pem" --trust "$pki/trust.pem" \
        --out "$folder/$1.instrument" --yes
    expect 0 'published' concordat agreement "$1" "$folder/$1.instrument"
}
probation_signs suspend
import_until 3
cp "$folder/tried.json" "$folder/refused.json"
probation_signs resume
import_until 0
expect 0 'accepted: 1 notice' $import "$folder/refused.json"
again=$(last_id)
expect 0 'already sent: 1 notice' $import "$folder/refused.json"
expect 0 "$again" $import "$folder/refused.json"
expect 0 'delivered' concordat track "$again" --until delivered

# --- no verdict from the broker: 4; and it is the same message afterwards ---
at court.b35cz00
sed 's/81d2a4f6e001/81d2a4f6e015/' "$listed" >"$folder/late.json"
sed 's/81d2a4f6e001/81d2a4f6e016/' "$listed" >"$folder/later.json"
kill -STOP "$(cat "$folder/town/broker/pid")"
expect 4 'queued: 2 notices' $import "$folder/late.json" "$folder/later.json" --wait 1
expect 4 'queued: 1 notice' $import "$folder/late.json"
late=$(last_id)
kill -CONT "$(cat "$folder/town/broker/pid")"
expect 0 'delivered' concordat track "$late" --until delivered --wait 60
expect 0 'already sent: 1 notice' $import "$folder/late.json"
stop_town TERM
