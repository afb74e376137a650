#!/bin/sh
# planted.sh BUILD - the scenarios catch agreements that permit what they must not.
#
# Each runs on a copy of the sources in which one example says more, and must fail at the line that
# is about it.
set -u
build=$1
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d "$build/tests/system/planted.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/agreements"
cp -r "$source/certs" "$work/"
failures=0

# caught SCENARIO LINE FILE SED: the scenario, on that example so changed, fails first with LINE.
caught()
{
    rm -rf "$work/agreements/examples"
    cp -r "$source/agreements/examples" "$work/agreements/"
    sed -i "$4" "$work/agreements/examples/$3"
    cmp -s "$source/agreements/examples/$3" "$work/agreements/examples/$3" \
        && printf 'FAILED: %s is as it was\n' "$3" && failures=$((failures + 1))
    code=0
    told=$(SCENARIO_FIRST=1 "$build/tests/system/scenario_$1" "$build/moved" "$work" \
        "$build/tests/system" 2>&1) || code=$?
    if [ "$code" = 1 ] && printf '%s\n' "$told" | grep -q "^FAIL $2"; then
        printf 'scenario %s: %s; control_caught=yes\n' "$1" "$3"
    else
        printf 'FAILED: scenario %s does not catch %s; exit code %s\n%s\n' "$1" "$3" "$code" "$told"
        failures=$((failures + 1))
    fi
}

caught d1_late "probation's agent has sealed it to the company by itself" case.yaml \
    '/^  - id: late-answer$/,/^$/d'
caught d2 'unopened after 15 minutes' safeguarding.yaml \
    's/contact: Multi-agency safeguarding hub, Cambridgeshire/contact: Switchboard, Cambridgeshire/'
caught d2 'the referral is to be closed' safeguarding.yaml 's/expect: safeguarding.close/expect: safeguarding.update/'
caught d3 'who was only allocated it does not yet speak for it' case.yaml '/^    only-by-holder: true$/d'
caught d4 'not what they know of a victim, nor how' event.yaml \
    '/^  - id: event-crc$/,/^$/s/allowed: \[/&DC_VICTIM, DC_INTELLIGENCE, /'
caught d6 'offending: others, and intelligence' checks-crc.yaml \
    '0,/allowed: \[DC_STAFF\]/s//allowed: [DC_THIRD_PARTY, DC_INTELLIGENCE, DC_STAFF]/'
caught d7 'the chronology, to a provider' safeguarding.yaml \
    's/^clauses:/  - agency: prv.worklink\n    kind: INTERVENTION_PROVIDER\n    contact: Desk\n&/'
caught d8 'five seconds after it' iom.yaml 's/^expires: 2026-07-01/expires: 2026-07-02/'
caught warnings '\(nothing is announced too early\|60 days before\)' iom.yaml \
    's/^review: 2026-03-31/review: 2026-03-30/'
exit "$failures"
