#!/bin/sh
# explain.sh BUILD - `concordat agreement explain` for every refusal that agreements/decide.c can
# make: what it says stands in tests/golden/explain.txt, and as JSON in explain_json.txt, one case
# after another under a line that names code and reason. A code, or a sentence that can be said of a
# refusal, without a case is a failure. With GOLDEN_WRITE set both are written anew.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
# shellcheck source=tests/system/golden.sh
. "$(dirname -- "$0")/golden.sh"
cd "$source/tests/fixtures/analysis" || exit 1 # so that no path of this machine is printed
: >"$folder/as_json"

# explain CODE REASON arguments...: one case, as text and as JSON.
explain()
{
    expected=$1 reason=$2 exits=3
    shift 2
    [ "$expected" = PERMITTED ] && exits=0
    printf '== %s: %s\n' "$expected" "$reason" | tee -a "$folder/said" >>"$folder/as_json"
    say "$exits" agreement explain "$@"
    checks=$((checks + 1))
    grep -q "^$expected: " "$folder/out" || wrong "no $expected: $*"
    mv "$folder/said" "$folder/text"
    : >"$folder/said"
    say "$exits" agreement explain --json "$@"
    grep -q "^  \"code\": \"$expected\",\$" "$folder/out" || wrong "no $expected in JSON: $*"
    cat "$folder/said" >>"$folder/as_json"
    mv "$folder/text" "$folder/said"
}

# wrongly TEXT arguments...: a question that is none, and what is said of it.
wrongly()
{
    text=$1
    shift
    say 2 agreement explain "$@"
    checks=$((checks + 1))
    grep -q -e "$text" "$folder/out" || wrong "no '$text': $*"
}

day='--on 2026-06-15'
report="--from nps.cambs --to court.b35cz00 --type psr.report --category DC_IDENTITY,DC_RISK_SCORE $day"
referral="--from nps.cambs --to csc.cambs --type safeguarding.referral.child --category DC_IDENTITY,DC_CHILD $day"
update="--from nps.cambs --to csc.cambs --type safeguarding.update --category DC_IDENTITY $day"
danger="--from police.35 --to csc.cambs --type safeguarding.referral.child --category DC_IDENTITY,DC_CHILD $day"
withdrawn="--from court.b35cz00 --to nps.cambs --type psr.withdrawn --category DC_IDENTITY $day"
named='--agreement ISA-REPORT --clause report'
other_text=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff

# shellcheck disable=SC2086 # words on purpose
{
    explain PERMITTED 'all is as the clause says' $report --in-reply before
    explain PERMITTED 'by the holder, of a subject whom the clause means' $update --capacity CONVICTED --holder before
    explain PERMITTED 'under a charter, by two officers' $danger charter.yaml

    # the agreement
    explain NO_AGREEMENT 'the two have none together' $report --to csc.norfolk before
    explain NO_AGREEMENT 'the sender has none at all' $report --from csc.norfolk before
    explain NO_AGREEMENT 'the one that is named is not known' $report --agreement ISA-OTHER before
    explain NO_AGREEMENT 'it is a draft' $report --in-reply --standing draft before
    explain NO_AGREEMENT 'it is superseded' $report --in-reply --standing superseded before
    explain AGREEMENT_VERSION_STALE 'the header names another version' $report --in-reply $named --agreement-version 2 before
    explain AGREEMENT_VERSION_STALE 'the header names another text' $report --in-reply $named --agreement-hash $other_text before
    explain AGREEMENT_REVOKED 'by a party' $report --in-reply --standing revoked before
    explain AGREEMENT_SUSPENDED 'by a party' $report --in-reply --standing suspended before
    explain AGREEMENT_SUSPENDED 'by a party, and the clause does not cover it either' $report --standing suspended --category DC_IDENTITY,DC_RISK_SCORE,DC_VICTIM before
    explain AGREEMENT_NOT_YET 'before its first day' $report --in-reply --on 2025-12-31 before
    explain AGREEMENT_EXPIRED 'on the day that it expires' $report --in-reply --on 2028-01-01 before
    explain PARTY_NOT_SIGNATORY 'the sender' $report --from csc.norfolk --agreement ISA-REPORT before
    explain PARTY_NOT_SIGNATORY 'the recipient' $report --agreement ISA-CONCERN before
    explain PARTY_NOT_SIGNATORY 'neither' $report --from csc.norfolk --to police.35 --agreement ISA-REPORT before
    explain SIGNER_NOT_PINNED 'signed with another key' $report --in-reply --unpinned-key before

    # the clause
    explain TYPE_NOT_COVERED 'no clause is about it' $report --type psr.withdrawn before
    explain TYPE_NOT_COVERED 'the clause that the header names is about another' $report --agreement ISA-REPORT --clause request before
    explain TYPE_NOT_COVERED 'the clause that the header names does not exist' $report --in-reply --agreement ISA-REPORT --clause letter before
    explain TYPE_NOT_COVERED 'no clause of the charter is about it' $danger --type safeguarding.referral.adult --category DC_IDENTITY,DC_ADULT_AT_RISK charter.yaml
    explain DIRECTION_NOT_ALLOWED 'from another party' $report --in-reply --from nps.norfolk before
    explain DIRECTION_NOT_ALLOWED 'the wrong way round' $report --in-reply --from court.b35cz00 --to nps.cambs before
    explain DIRECTION_NOT_ALLOWED 'to itself' $report --in-reply --to nps.cambs --agreement ISA-REPORT before
    explain DIRECTION_NOT_ALLOWED 'the charter does not name the recipient' $danger --from csc.cambs --to police.35 charter.yaml
    explain PURPOSE_NOT_COVERED 'another purpose' $report --in-reply --purpose safeguard_child before
    explain GATEWAY_NOT_AVAILABLE 'another enactment' $report --in-reply --gateway OMA2007_S14 before
    explain REPLY_REQUIRED 'it answers nothing' $report before
    explain REPLY_REQUIRED 'it answers nothing, and that is not all' $report --category DC_INTELLIGENCE,DC_VICTIM before
    explain SUBJECT_OUT_OF_SCOPE 'another capacity' $update --holder --capacity VICTIM before
    explain SUBJECT_OUT_OF_SCOPE 'the header does not say in which' $update before
    explain NOT_CURRENT_HOLDER 'another agency holds the case' $update --capacity CONVICTED before
    explain CATEGORY_NOT_COVERED 'one too many' $report --in-reply --category DC_IDENTITY,DC_RISK_SCORE,DC_VICTIM before
    explain CATEGORY_NOT_COVERED 'several too many' $report --in-reply --category DC_IDENTITY,DC_RISK_SCORE,DC_VICTIM,DC_INTELLIGENCE before
    explain CATEGORY_NOT_COVERED 'three clauses, and each lacks something else' $referral --category DC_IDENTITY,DC_CHILD,DC_RISK_SCORE,DC_CONTACT_ADDRESS before/safe.yaml children.yaml
    explain CATEGORY_MISSING 'one of those required' $report --in-reply --category DC_IDENTITY before
    explain CATEGORY_MISSING 'all of those required' $report --in-reply --category DC_SUBSTANCE_MISUSE before
    explain MARKING_TOO_HIGH 'above the ceiling' $withdrawn --marking OFFICIAL-SENSITIVE lower.yaml
    explain MARKING_TOO_LOW 'below the floor of the agreement' $referral --marking OFFICIAL before
    explain MARKING_TOO_LOW 'below the least of the message type' $referral --purpose safeguard_child --marking OFFICIAL children.yaml
    explain RETENTION_TOO_LONG 'a day too long' $report --in-reply --retention-days 366 before
    explain ONWARD_NOT_ALLOWED 'one agency is not listed' $referral --onward asc.cambs,nps.norfolk before
    explain ONWARD_NOT_ALLOWED 'none is listed' $report --in-reply --onward csc.cambs,nps.norfolk before

    # the charter
    explain BREAK_GLASS_SUSPENDED 'until its uses are reviewed' $danger --privilege-suspended charter.yaml
    explain BREAK_GLASS_SUSPENDED 'and nothing else is right' $danger --privilege-suspended --uses-today 9 --officers 0 charter.yaml
    explain BREAK_GLASS_QUOTA 'the uses are spent' $danger --uses-today 3 charter.yaml
    explain BREAK_GLASS_OFFICERS 'one officer, or the same one twice' $danger --officers 1 charter.yaml
    explain BREAK_GLASS_OFFICERS 'none' $danger --officers 0 charter.yaml

    # what was accepted, at hand-over
    explain PERMITTED 'hand-over: expired since' $report --agreement ISA-REPORT --handover --on 2029-01-01 before
    explain PERMITTED 'hand-over: superseded since' $report --agreement ISA-REPORT --handover --standing superseded before
    explain NO_AGREEMENT 'hand-over: not known' $report --agreement ISA-OTHER --handover before
    explain NO_AGREEMENT 'hand-over: never signed' $report --agreement ISA-REPORT --handover --standing draft before
    explain AGREEMENT_REVOKED 'hand-over: revoked since' $report --agreement ISA-REPORT --handover --standing revoked before
    explain AGREEMENT_SUSPENDED 'hand-over: suspended since' $report --agreement ISA-REPORT --handover --standing suspended before
    explain RECIPIENT_LOST 'hand-over: its certificates are gone' $report --agreement ISA-REPORT --handover --recipient-lost before

    # no question at all
    printf '== what is no question\n' >>"$folder/said"
    wrongly 'missing: --from' before
    wrongly "did you mean 'psr.report'" $report --type psr.reprt before
    wrongly 'unknown message type' $report --type letter.home before
    wrongly "did you mean 'DC_CHILD'" $report --category DC_CHLD before
    wrongly 'unknown purpose' $report --purpose curiosity before
    wrongly "did you mean 'SC2020_S30'" $report --gateway SC2020_S3O before
    wrongly 'neither OFFICIAL' $report --marking SECRET before
    wrongly 'no capacity' $report --capacity JUDGE before
    wrongly 'not a whole number' $report --officers two before
    wrongly 'none of active, draft' $report --standing lapsed before
    wrongly 'not an agency id' $report --onward csc.cambs,Norfolk before
    wrongly 'not an agency id' $report --onward csc.cambs, before
    wrongly 'more than 8 agencies' $report --onward a.a,a.b,a.c,a.d,a.e,a.f,a.g,a.h,a.i before
    wrongly 'wants --agreement' $report --clause report before
    wrongly 'want --clause' $report --agreement ISA-REPORT --agreement-version 1 before
    wrongly 'want --clause' $report --agreement-hash $other_text before
    wrongly 'not within 1 to' $report $named --agreement-version 0 before
    wrongly 'not within 1 to' $report $named --agreement-version 1000000 before
    wrongly '64 hexadecimal digits' $report $named --agreement-hash 00ff before
    wrongly 'wants --agreement' $report --handover before
    wrongly 'wants --handover' $report --recipient-lost before
}
golden explain.txt
mv "$folder/as_json" "$folder/said"
golden explain_json.txt

# --- every code that can be made has a case, and no other ---
# codes FILE: those that a source names, but for the one that is none.
codes()
{
    grep -o 'CONCORDAT__REFUSAL_CODE__[A-Z_]*' "$1" | sed 's/.*__//' \
        | grep -v '^REFUSAL_UNSPECIFIED$' | sort -u
}
# cases FILE: those that a golden file has a verdict for.
cases()
{
    sed -n -e 's/^\([A-Z_]*\): .*/\1/p' -e 's/^  "code": "\([A-Z_]*\)",$/\1/p' "$1" \
        | grep -v '^PERMITTED$' | sort -u
}
# is_whole SOURCE GOLDEN: each code of the one has a case in the other, and the other way round.
is_whole()
{
    codes "$1" >"$folder/made"
    cases "$2" >"$folder/told"
    diff "$folder/made" "$folder/told" >"$folder/differ"
}
decide=$source/agreements/decide.c
[ "$(codes "$decide" | wc -l)" -ge 25 ] || wrong 'fewer than 25 codes in agreements/decide.c'
for file in explain.txt explain_json.txt; do
    checks=$((checks + 1))
    is_whole "$decide" "$golden/$file" || {
        wrong "agreements/decide.c makes (<) what golden/$file does not have (>)"
        cat "$folder/differ"
    }
    # a code that is new has no case; a case that is dropped is missed; both are seen
    sed 's/REFUSAL_CODE__REPLY_REQUIRED/REFUSAL_CODE__STORE_FULL/' "$decide" >"$folder/planted.c"
    is_whole "$folder/planted.c" "$golden/$file" && wrong "$file: a planted code was not seen"
    for code in $(codes "$decide"); do
        sed -e "s/^$code: //" -e "s/^  \"code\": \"$code\",\$//" "$golden/$file" >"$folder/planted"
        is_whole "$decide" "$folder/planted" && wrong "$file: without a case for $code all was well"
    done
done

# --- every sentence that can be said of a refusal has a case ---
# sentences FILE: what the calls of reason_set in a source print, as basic regular expressions.
sentences()
{
    tr '\n' ' ' <"$1" | sed 's/"  *"//g' | grep -o 'reason_set([^"]*"[^"]*"' \
        | sed 's/^[^"]*"//; s/"$//; s/%[su]/.*/g'
}
# unsaid FILE: those that no case has.
unsaid()
{
    sentences "$1" | while read -r sentence; do
        grep -q -e "$sentence" "$golden/explain.txt" || printf '%s\n' "$sentence"
    done
}
for file in explain mend considered; do
    checks=$((checks + 1))
    # what is said of a code that has no words of its own: of none
    unsaid "$source/agreements/$file.c" | grep -v '^\.\* does not permit it$' >"$folder/unsaid" \
        && wrong "agreements/$file.c says what no case has: $(cat "$folder/unsaid")"
    sed '0,/reason_set(\([^"]*\)"/s//reason_set(\1"Planted. /' "$source/agreements/$file.c" \
        >"$folder/planted.c"
    unsaid "$folder/planted.c" | grep -q '^Planted' || wrong "$file.c: a planted sentence was not seen"
done
grep -q 'does not permit it' "$golden/explain.txt" && wrong 'a code has no words of its own'

# each case stands in both files, once
grep '^== [A-Z_]*: ' "$golden/explain.txt" >"$folder/text"
grep '^== [A-Z_]*: ' "$golden/explain_json.txt" >"$folder/json"
cmp -s "$folder/text" "$folder/json" || wrong 'the two golden files have not the same cases'
[ -z "$(sort "$folder/text" | uniq -d)" ] || wrong "twice: $(sort "$folder/text" | uniq -d)"
printf '%d cases of %d codes; control_caught=yes\n' "$(grep -c . "$folder/text")" \
    "$(codes "$decide" | wc -l)"
