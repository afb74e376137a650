#!/bin/sh
# analysis.sh BUILD - what agreements permit, as the command line tells it: a change of any sentence
# is a difference in tests/golden/analysis.txt that somebody reads. With GOLDEN_WRITE set it is
# written anew. What `explain` says is explain.sh's.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
fixtures=$source/tests/fixtures/analysis
# shellcheck source=tests/system/golden.sh
. "$(dirname -- "$0")/golden.sh"
cd "$fixtures" || exit 1 # so that no path of this machine stands in what is printed

# --- diff, who, replay, test ---
say 0 agreement diff before/court.yaml draft.yaml
say 0 agreement diff before/court.yaml before/court.yaml
say 0 agreement diff --json draft.yaml before/court.yaml
say 1 agreement diff --quiet before/court.yaml draft.yaml
say 0 agreement diff --quiet before/court.yaml before/court.yaml
say 0 agreement who DC_RISK_SCORE before
say 0 agreement who risk_score --from nps.norfolk draft.yaml before/safe.yaml
say 0 agreement who DC_RISK_SCORE --on 2025-12-31 before
say 0 agreement who DC_CHILD --json before
say 0 agreement replay draft.yaml --folder before --headers headers.jsonl
say 0 agreement replay draft.yaml --folder before --headers headers.jsonl --json
for _ in $(seq 500); do cat headers.jsonl; done >"$folder/many.jsonl"
expect 0 '^3000 headers, 1500 changed: 1000 same, 500 now refused, 500 now permitted, 500 refused otherwise, 500 not' \
    concordat agreement replay draft.yaml --folder before --headers "$folder/many.jsonl"
[ "$(grep -c '^2026-' "$folder/out")" = 1500 ] || wrong "not every change is listed"
say 0 agreement test draft.yaml before/court.yaml
say 1 agreement test draft.yaml untrue.yaml
say 1 agreement test --json untrue.yaml
golden analysis.txt

# --- a gain that no single category shows ---
sed 's/required: \[DC_IDENTITY, DC_RISK_SCORE\]/required: [DC_IDENTITY, DC_RISK_SCORE, DC_SUBSTANCE_MISUSE]/
    /allowed: \[DC_SUBSTANCE_MISUSE\]/d' before/court.yaml >"$folder/wants.yaml"
expect 0 'widened  *nps.cambs .*fewer required$' concordat agreement diff "$folder/wants.yaml" before/court.yaml
expect 1 '' concordat agreement diff --quiet "$folder/wants.yaml" before/court.yaml
expect 0 ' 0 widened clauses' concordat agreement diff before/court.yaml "$folder/wants.yaml"
expect 0 '' concordat agreement diff --quiet before/court.yaml "$folder/wants.yaml"
sed 's/id: report$/id: written-report/' before/court.yaml >"$folder/named.yaml"
expect 0 '' concordat agreement diff --quiet before/court.yaml "$folder/named.yaml"

# --- the manual shows what is printed ---
# Each block ```console of docs/agreements.md stands in a golden file as it is.
blocks=$(awk -v to="$folder/block" '/^```console$/ { n++; on = 1; next } /^```$/ { on = 0 }
    on { print > (to n) } END { print n + 0 }' "$source/docs/agreements.md")
[ "$blocks" -ge 5 ] || wrong "only $blocks blocks in docs/agreements.md"
all=$(cat "$golden/analysis.txt" "$golden/explain.txt")
block=0
while [ "$block" -lt "$blocks" ]; do
    block=$((block + 1))
    checks=$((checks + 1))
    case $all in
    *"$(cat "$folder/block$block")"*) ;;
    *) wrong "docs/agreements.md shows another answer to $(head -n 1 "$folder/block$block")" ;;
    esac
done

# --- what is wrong is told, with its place ---
expect 2 "did you mean 'DC_CHILD'" concordat agreement who DC_CHLD before
expect 2 'one category at a time' concordat agreement who DC_CHILD,DC_STAFF before
expect 2 'one folder, or files' concordat agreement who DC_CHILD before draft.yaml
expect 2 'both agreement ISA-REPORT' concordat agreement who DC_CHILD before/court.yaml draft.yaml
expect 2 'none.yaml' concordat agreement diff before none.yaml
expect 2 'missing argument' concordat agreement diff before
expect 2 'two drafts are of one agreement' concordat agreement replay draft.yaml draft.yaml \
    --folder before --headers headers.jsonl
expect 1 'no agent' concordat agreement who DC_CHILD --agent "$folder/nowhere"
expect 1 'no agent' concordat disclosures --agent "$folder/nowhere"
expect 0 'exit 1' concordat agreement diff --help
while IFS='|' read -r what line; do
    printf '%s\n' "$line" >"$folder/bad.jsonl"
    expect 2 "bad.jsonl:1: .*$what" concordat agreement replay draft.yaml --folder before \
        --headers "$folder/bad.jsonl"
done <<'END'
no JSON|{"from": 
not an object|[]
unknown key `name'|{"name": "x"}
`from' is not a text|{"to": "a.b"}
`type' is not a text|{"from": "a.b", "to": "c.d", "type": 7}
`categories' is not a list|{"from": "a.b", "to": "c.d", "type": "psr.report"}
`categories\[0\]' is no category|{"from": "a.b", "to": "c.d", "type": "psr.report", "categories": ["DC_X"]}
`outcome'|{"from": "a.b", "to": "c.d", "type": "psr.report", "categories": [], "outcome": "lost"}
`code' is no refusal|{"from": "a.b", "to": "c.d", "type": "psr.report", "categories": [], "outcome": "refused", "code": "X"}
`at' is no time|{"from": "a.b", "to": "c.d", "type": "psr.report", "categories": [], "outcome": "permitted", "at": "x"}
`retentionDays'|{"from": "a.b", "to": "c.d", "type": "psr.report", "categories": [], "outcome": "permitted", "at": "2026-06-15", "retentionDays": -1}
END

# --- what an agent has: its own headers, decided again ---
start_town
at court.b35cz00
expect 0 'nothing disclosed' concordat disclosures
expect 0 '' concordat send psr.request --to nps.cambs "$source/docs/examples/psr.request.json"
id=$(last_id)
expect 0 'psr.request.*DC_IDENTITY.*ISA-COURT psr-request.*permitted' concordat disclosures
expect 0 "\"message\":\"$id\".*\"outcome\":\"permitted\"" concordat disclosures --json
cp "$folder/out" "$folder/own.jsonl"
expect 0 'nothing disclosed' concordat disclosures --since 2100-01-01
expect 0 'court.b35cz00 -> nps.cambs' concordat agreement who DC_OFFENCE_INDEX
concordat agreement show ISA-COURT | sed '1,2d' >"$folder/same.yaml"
expect 0 '1 same, 0 now refused' concordat agreement replay "$folder/same.yaml"
sed '/type: psr.request/s/psr.request/psr.withdrawn/' "$folder/same.yaml" |
    sed '/id: psr-request/,/allowed/s/\[DC_IDENTITY.*\]/[DC_IDENTITY]/' |
    sed '/id: psr-request/,/allowed/s/allowed: .*/allowed: [DC_STAFF]/' |
    sed '/id: psr-withdrawn/,/allowed/d' >"$folder/narrower.yaml"
expect 0 '0 same, 1 now refused' concordat agreement replay "$folder/narrower.yaml"
expect 0 '0 same, 1 now refused' concordat agreement replay "$folder/narrower.yaml" \
    --headers "$folder/own.jsonl"
expect 0 '"nowRefused": 1' concordat agreement replay "$folder/narrower.yaml" --json
