#!/bin/sh
# glass.sh BUILD/moved - immediate danger to life at two in the morning: two officers break the glass, both sides know at
# once, a review that is missing or fails takes the privilege away, and a broker that is killed in between changes nothing.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"

# The clock is the test's: it begins ten minutes before the night in which ISA-IOM ends.
CONCORDAT_TEST_CLOCK=$folder/clock
export CONCORDAT_TEST_CLOCK
real=$(date +%s)
midnight=$(((real / 86400 + 1) * 86400))
ahead=0
# go_to SECONDS: since that midnight. Not while somebody waits for a broker that was killed: it would wait too long.
go_to()
{
    [ -z "$sandbox_pid" ] || told 0 '"connected": true' concordat status --json
    ahead=$(((midnight + $1 - real) * 1000))
    move_clock "$CONCORDAT_TEST_CLOCK" "$ahead"
}
HOUR=3600 DAY=86400
go_to -600

mkdir "$folder/laws"
sed "s/^expires: .*/expires: $(date -u -d "@$midnight" +%F)/" "$source/agreements/examples/iom.yaml" \
    >"$folder/laws/iom.yaml"
cp "$source/agreements/examples/charter.yaml" "$folder/laws"
printf 'nps.cambs NPS\npolice.35 POLICE\ncsc.cambs LA_CHILDREN\n' >"$folder/who"
start_town --agencies "$folder/who" --agreements "$folder/laws" --respawn
pki=$folder/town/pki
threat=$source/docs/examples/threat-to-life.json
printf '{"asAt": {"ymd": 20260601}, "entries": [{"row": 1, "subject": {"identifiers": %s}}]}\n' \
    '[{"type": "CRN", "value": "X000001"}], "name": {"surname": "Example"}' >"$folder/cohort.json"

tries=400 # of what is asked again until it is so; each is a program's start and an answer
# heard AGENCY TEXT: its agent logs it, within so many answers of the agent.
heard()
{
    checks=$((checks + 1))
    for _ in $(seq "$tries"); do
        grep -q -e "$2" "$folder/town/agents/$1/log" && return
        CONCORDAT_AGENT=$folder/town/agents/$1 concordat status >/dev/null 2>&1
    done
    wrong "$1 never said '$2'"
}

# told CODE TEXT command...: as `expect', once the broker is there again.
told()
{
    checks=$((checks + 1))
    code=$1 text=$2
    shift 2
    for _ in $(seq "$tries"); do
        got=0
        "$@" >"$folder/out" 2>&1 </dev/null || got=$?
        grep -q 'broker: \(not reached\|no verdict\)\|"connected": false' "$folder/out" || break
    done
    [ "$got" = "$code" ] && grep -q -e "$text" "$folder/out" && return
    wrong "exit code $got, not $code, or no '$text': $*"
    cat "$folder/out"
}

# Both notice what is not so.
caught=$( (
    tries=1
    heard nps.cambs 'event=nobody_says_this'
    told 0 'nor this' true
    told 1 '' true
) | grep -c FAILED)
expect 0 '' test "$caught" = 3

broker_dies()
{
    kill -9 "$(cat "$folder/town/broker/pid")"
}

charter()
{
    act=$1 agency=$2 papers=$3 out=$4
    shift 4
    concordat agreement sign "$act" "$folder/charter.yaml" --agency "$agency" \
        --key "$pki/agencies/$agency/$papers.key" --certificate "$pki/agencies/$agency/$papers.pem" \
        --trust "$pki/trust.pem" --out "$folder/$out" --yes "$@"
}
signed=0
# officer CODE ID: authorises that message and publishes it.
officer()
{
    signed=$((signed + 1))
    expect 0 'it goes      risk.change.notice to police.35' charter authorise nps.cambs \
        "officers/$1/officer" "word-$signed" --to police.35 --type risk.change.notice --message "$2"
    told 0 published concordat agreement authorise "$folder/word-$signed"
}
# review AGENCY MESSAGE VERDICT CODE TEXT
review()
{
    signed=$((signed + 1))
    expect 0 'its use was' charter review "$1" governance "word-$signed" --message "$2" "$3"
    told "$4" "$5" concordat agreement review "$folder/word-$signed"
}
break_glass()
{
    concordat send risk.change.notice --to police.35 --break-glass --wait 30 --id "$1" "$threat"
}
# use ID: with everything that it wants.
use()
{
    officer duty-1 "$1"
    officer duty-2 "$1"
    expect 0 accepted break_glass "$1"
    expect 0 'delivered .*signature verified' concordat track "$1" --until delivered --wait 30
    expect 0 "BREAK-GLASS   under VITAL-INTEREST" concordat track "$1"
    heard nps.cambs "event=break_glass_used message=$1 agency=nps.cambs"
    heard police.35 "event=break_glass_used message=$1 agency=nps.cambs"
}

at nps.cambs
expect 0 '^charter: break-glass' concordat agreement show VITAL-INTEREST --text
cp "$folder/out" "$folder/charter.yaml"

# 23:50: the share goes under ISA-IOM; at 02:00 that is over.
expect 0 accepted concordat send iom.cohort.share --to police.35 --wait 30 "$folder/cohort.json"
go_to $((2 * HOUR))
expect 3 AGREEMENT_EXPIRED concordat send iom.cohort.share --to police.35 "$folder/cohort.json"
expect 3 'BREAK_GLASS_OFFICERS\|AGREEMENT_EXPIRED\|NO_AGREEMENT' concordat send risk.change.notice \
    --to police.35 "$threat"

# What is signed in vain is not signed.
expect 2 'no clause of VITAL-INTEREST lets nps.cambs send a iom.cohort.share' charter authorise \
    nps.cambs officers/duty-1/officer no --to police.35 --type iom.cohort.share
expect 2 'not exactly one URI urn:concordat:officer' charter authorise nps.cambs governance no --to police.35 \
    --type risk.change.notice
expect 2 'it is a certificate of police.35' concordat agreement sign authorise "$folder/charter.yaml" \
    --agency nps.cambs --key "$pki/agencies/police.35/officers/duty-1/officer.key" \
    --certificate "$pki/agencies/police.35/officers/duty-1/officer.pem" --trust "$pki/trust.pem" \
    --out "$folder/no" --yes --to police.35 --type risk.change.notice
expect 2 'goes with --id' concordat send risk.change.notice --to police.35 --break-glass "$threat"
expect 2 'it is no charter' concordat send risk.change.notice --to police.35 --break-glass \
    --agreement ISA-IOM --id 01a215c4-f4b5-7126-8970-ecd5b5e881ce "$threat"
expect 1 '' test -e "$folder/no"

# The first officer's signature makes the message's id. One officer is not enough, nor the same one twice.
expect 0 'it goes' charter authorise nps.cambs officers/duty-1/officer one --to police.35 \
    --type risk.change.notice
first=$(last_id)
expect 0 "^# authorise by nps.cambs: VITAL-INTEREST, message $first\$" cat "$folder/one"
expect 3 BREAK_GLASS_OFFICERS break_glass "$first"
told 0 published concordat agreement authorise "$folder/one"
expect 3 'has those of one, and the same one again' break_glass "$first"
officer duty-1 "$first"
expect 3 'has those of one, and the same one again' break_glass "$first"
heard nps.cambs 'event=refused_here type=risk.change.notice to=police.35 code=BREAK_GLASS_OFFICERS'
expect 1 '' grep -q event=break_glass_used "$folder/town/agents/police.35/log"
broker_dies
use "$first"
at police.35
expect 0 "$first .*BREAK-GLASS" concordat inbox
expect 0 '^BREAK-GLASS ' concordat open "$first"
expect 0 '"breakGlass": true' concordat track "$first" --json
at nps.cambs

# An authorisation is of one message: not of another, nor again, nor to another agency.
new_id()
{
    charter authorise nps.cambs officers/duty-1/officer "$1" --to police.35 --type risk.change.notice \
        >"$folder/out"
    last_id
}
second=$(new_id b) third=$(new_id c) fourth=$(new_id d) fifth=$(new_id e) sixth=$(new_id f)
expect 3 BREAK_GLASS_OFFICERS break_glass "$second"
officer duty-1 "$second"
officer duty-2 "$second"
expect 3 'the message has none' concordat send risk.change.notice --to csc.cambs --break-glass \
    --id "$second" "$threat"
use "$second"
heard police.35 "message=$second .* uses_in_the_hour=2 frequent=no"

# The third of the hour goes, and is pointed out; a fourth within a day does not go, whoever signs.
use "$third"
heard police.35 "message=$third .* uses_in_the_hour=3 frequent=yes"
officer duty-1 "$fourth"
officer duty-2 "$fourth"
expect 3 BREAK_GLASS_QUOTA break_glass "$fourth"

# Others review it. What is not upheld suspends the privilege, and the charter's owner is told.
review nps.cambs "$third" --upheld 3 'who used it does not review it'
review police.35 "$first" --upheld 0 published
review police.35 "$second" --upheld 0 published
broker_dies
review police.35 "$third" --not-upheld 0 published
heard nps.cambs "event=break_glass_suspended message=$third agency=nps.cambs"
heard police.35 "event=break_glass_suspended message=$third agency=nps.cambs"
broker_dies
expect 3 BREAK_GLASS_SUSPENDED break_glass "$fourth"

# A day later it is still suspended; reinstated, by another than the agency itself, it works.
go_to $((2 * HOUR + DAY + 900))
officer duty-1 "$fifth"
officer duty-2 "$fifth"
expect 3 BREAK_GLASS_SUSPENDED break_glass "$fifth"
expect 2 'cannot reinstate itself' charter reinstate nps.cambs governance self --of nps.cambs
expect 0 'reinstates   nps.cambs' charter reinstate police.35 governance back --of nps.cambs
told 0 published concordat agreement reinstate "$folder/back"
broker_dies
use "$fifth"

# Nobody reviews it: after 24 hours the privilege is gone.
go_to $((2 * HOUR + 2 * DAY + 1800))
heard police.35 "event=break_glass_unreviewed message=$fifth agency=nps.cambs"
heard nps.cambs "event=break_glass_unreviewed message=$fifth agency=nps.cambs"
broker_dies
officer duty-1 "$sixth"
officer duty-2 "$sixth"
expect 3 BREAK_GLASS_SUSPENDED break_glass "$sixth"

# Both sides find all of it again when they start anew.
stop_town TERM
start_town
at nps.cambs
expect 3 BREAK_GLASS_SUSPENDED break_glass "$sixth"
stop_town TERM
expect 0 '' test "$stopped" = 0
