#!/bin/sh
# planted.sh BUILD SCENARIO FAULT - the scenario catches agreements that permit what they must not.
#
# It runs on a copy of the sources in which one example says more, and must fail at the line that is
# about it.
set -u
build=$1 scenario=$2 fault=$3
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d "$build/tests/system/planted.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/agreements"
cp -r "$source/certs" "$work/"
cp -r "$source/agreements/examples" "$work/agreements/"

wrong()
{
    printf 'FAILED: %s\n' "$1"
    exit 1
}

# caught LINE FILE SED: the scenario, on that example so changed, fails first with LINE.
caught()
{
    sed -i "$3" "$work/agreements/examples/$2"
    ! cmp -s "$source/agreements/examples/$2" "$work/agreements/examples/$2" || wrong "$2 is as it was"
    code=0
    told=$(SCENARIO_FIRST=1 "$build/tests/system/scenario_$scenario" "$build/moved" "$work" \
        "$build/tests/system" 2>&1) || code=$?
    if [ "$code" != 1 ] || ! printf '%s\n' "$told" | grep -q "^FAIL $1"; then
        printf '%s\n' "$told"
        wrong "scenario $scenario does not catch $2; exit code $code"
    fi
    printf 'scenario %s: %s; control_caught=yes\n' "$scenario" "$2"
}

case $scenario.$fault in
d1_late.no_late_answer)
    caught "probation's agent has sealed it to the company by itself" case.yaml \
        '/^  - id: late-answer$/,/^$/d' ;;
d2.switchboard)
    caught 'unopened after 15 minutes' safeguarding.yaml \
        's/contact: Multi-agency safeguarding hub, Cambridgeshire/contact: Switchboard, Cambridgeshire/' ;;
d2.update_expected)
    caught 'the referral is to be closed' safeguarding.yaml \
        's/expect: safeguarding.close/expect: safeguarding.update/' ;;
d3.any_holder)
    caught 'who was only allocated it does not yet speak for it' case.yaml '/^    only-by-holder: true$/d' ;;
d4.victims_to_company)
    caught 'not what they know of a victim, nor how' event.yaml \
        '/^  - id: event-crc$/,/^$/s/allowed: \[/&DC_VICTIM, DC_INTELLIGENCE, /' ;;
d4.no_return_expected)
    caught 'the prison is to say within two days' recall.yaml '/^expectations:$/,/^$/d' ;;
d6.others_in_checks)
    caught 'offending: others, and intelligence' checks-crc.yaml \
        '0,/allowed: \[DC_STAFF\]/s//allowed: [DC_THIRD_PARTY, DC_INTELLIGENCE, DC_STAFF]/' ;;
d7.provider_in_conference)
    caught 'the chronology, to a provider' safeguarding.yaml \
        's/^clauses:/  - agency: prv.worklink\n    kind: INTERVENTION_PROVIDER\n    contact: Desk\n&/' ;;
d8.a_day_longer)
    caught 'five seconds after it' iom.yaml 's/^expires: 2026-07-01/expires: 2026-07-02/' ;;
warnings.a_day_early)
    caught '\(nothing is announced too early\|60 days before\)' iom.yaml \
        's/^review: 2026-03-31/review: 2026-03-30/' ;;
*) wrong "no such fault: $scenario $fault" ;;
esac
