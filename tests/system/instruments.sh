#!/bin/sh
# instruments.sh BUILD - from a draft to an agreement in force, with nothing but files and keys.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
work=$folder/work
pki=$work/pki
mkdir -p "$work"

sign()
{
    act=$1 agency=$2 file=$3 out=$4
    shift 4
    set -- concordat agreement sign "$act" "$file" --agency "$agency" \
        --key "$pki/agencies/$agency/governance.key" \
        --certificate "$pki/agencies/$agency/governance.pem" --trust "$pki/trust.pem" \
        --out "$work/$out" "$@"
    case $act in
    propose | accept) set -- "$@" --signing-certificate "$pki/agencies/$agency/signing.pem" ;;
    esac
    "$@"
}

# The SHA-256 of a certificate's key: what an agreement pins.
key_of()
{
    openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -c 1-64
}

verify()
{
    concordat agreement verify "$@" --trust "$pki/trust.pem"
}

expect 0 'community' concordat pki init "$pki" --community 'A test'
expect 0 'agency' concordat pki agency "$pki" nps.cambs crc.bench csc.cambs police.cambs
expect 0 '^governance csc.cambs [0-9a-f]*$' concordat pki join-pack "$pki"

# a draft of three parties
sed 's/^clauses:/  - agency: csc.cambs\n    kind: LA_CHILDREN\n    contact: Duty desk of social care\n\nclauses:/' \
    "$source/agreements/examples/case.yaml" >"$work/draft.yaml"
expect 2 'has no keys yet' concordat agreement pin "$work/draft.yaml"
expect 2 'certificate of csc.cambs, not of nps.cambs' concordat agreement pin "$work/draft.yaml" \
    "nps.cambs=$pki/agencies/csc.cambs/signing.pem,$pki/agencies/nps.cambs/governance.pem"
expect 2 'governance certificate' concordat agreement pin "$work/draft.yaml" \
    "nps.cambs=$pki/agencies/nps.cambs/signing.pem,$pki/agencies/nps.cambs/signing.pem"
expect 0 'not checked: whether' concordat agreement pin "$work/draft.yaml" --pki "$pki" --out "$work/isa.yaml"
expect 0 '' concordat agreement pin "$work/draft.yaml" --pki "$pki" --trust "$pki/trust.pem" \
    --crls "$pki/crls.pem" --out "$work/checked.yaml"
! grep -q 'not checked' "$folder/out" || wrong 'what was checked is said not to be'
expect 0 '' cmp "$work/isa.yaml" "$work/checked.yaml"
expect 0 'not checked: the keys that the draft has for csc.cambs' concordat agreement pin \
    "$work/isa.yaml" --trust "$pki/trust.pem" --out "$work/again.yaml"
expect 0 'community' concordat pki init "$work/elsewhere" --community 'Another'
expect 2 'signing.pem: certificate: ' concordat agreement pin "$work/draft.yaml" --pki "$pki" \
    --trust "$work/elsewhere/trust.pem" --out "$work/no"
expect 2 'crls goes with --trust' concordat agreement pin "$work/draft.yaml" --pki "$pki" \
    --crls "$pki/crls.pem" --out "$work/no"
expect 1 'exists' concordat agreement pin "$work/draft.yaml" --pki "$pki" --out "$work/isa.yaml"
expect 0 'well formed' concordat agreement lint "$work/isa.yaml"
expect 0 'governance-keys: \[[0-9a-f]' cat "$work/isa.yaml"

# who cannot sign, and what cannot be signed
expect 2 'does not pin this governance key for nps.cambs\|no keys' sign propose nps.cambs "$work/draft.yaml" no
expect 2 'police.cambs is no party' sign propose police.cambs "$work/isa.yaml" no
expect 2 'nobody can be asked' sign propose nps.cambs "$work/isa.yaml" no
expect 2 'is not propose' sign agree nps.cambs "$work/isa.yaml" no --yes
expect 2 'which proposal' sign accept crc.bench "$work/isa.yaml" no --yes
expect 2 'not of crc.bench' concordat agreement sign propose "$work/isa.yaml" --agency crc.bench \
    --key "$pki/agencies/nps.cambs/governance.key" --yes --out "$work/no" \
    --certificate "$pki/agencies/nps.cambs/governance.pem" --trust "$pki/trust.pem" \
    --signing-certificate "$pki/agencies/nps.cambs/signing.pem"
expect 2 'another key than the one that signs' concordat agreement sign propose "$work/isa.yaml" \
    --agency nps.cambs --key "$pki/agencies/crc.bench/governance.key" --yes --out "$work/no" \
    --certificate "$pki/agencies/nps.cambs/governance.pem" --trust "$pki/trust.pem" \
    --signing-certificate "$pki/agencies/nps.cambs/signing.pem"
expect 2 'not exactly that of a governance certificate' concordat agreement sign propose \
    "$work/isa.yaml" --agency nps.cambs --key "$pki/agencies/nps.cambs/signing.key" --yes \
    --out "$work/no" --certificate "$pki/agencies/nps.cambs/signing.pem" --trust "$pki/trust.pem" \
    --signing-certificate "$pki/agencies/nps.cambs/signing.pem"
expect 2 'signing-certificate is needed' concordat agreement sign propose "$work/isa.yaml" \
    --agency nps.cambs --key "$pki/agencies/nps.cambs/governance.key" --yes --out "$work/no" \
    --certificate "$pki/agencies/nps.cambs/governance.pem" --trust "$pki/trust.pem"
expect 2 'go with propose and accept' sign revoke nps.cambs "$work/isa.yaml" no --yes \
    --signing-certificate "$pki/agencies/nps.cambs/signing.pem"

# a key that is pinned for the signer and is not the signer's
own=$(key_of "$pki/agencies/nps.cambs/signing.pem")
own_governance=$(key_of "$pki/agencies/nps.cambs/governance.pem")
foreign=$(key_of "$pki/agencies/police.cambs/signing.pem")
third=$(key_of "$pki/agencies/police.cambs/governance.pem")
sed "s/signing-keys: \[$own/&, $foreign/" "$work/isa.yaml" >"$work/extra.yaml"
sed "s/signing-keys: \[$own/&, $foreign, $third/" "$work/isa.yaml" >"$work/extras.yaml"
sed "s/signing-keys: \[$own/signing-keys: [$foreign/" "$work/isa.yaml" >"$work/swapped.yaml"
sed "s/governance-keys: \[$own_governance/&, $foreign/" "$work/isa.yaml" >"$work/governed.yaml"
for file in extra extras swapped governed; do
    expect 0 'well formed' concordat agreement lint "$work/$file.yaml"
    expect 0 "$foreign" cat "$work/$file.yaml"
done
expect 2 "extra.yaml: the text pins a signing key for nps.cambs that is not its own: $foreign;" \
    sign propose nps.cambs "$work/extra.yaml" no --yes
expect 2 "not its own: $foreign" sign propose nps.cambs "$work/swapped.yaml" no --yes
expect 2 'does not pin the signing key of' sign propose nps.cambs "$work/swapped.yaml" no --yes \
    --other-signing-key "$foreign"
expect 2 "pins a governance key for nps.cambs that is not its own: $foreign\$" \
    sign propose nps.cambs "$work/governed.yaml" no --yes --other-signing-key "$foreign"
expect 2 "not its own: $third" sign propose nps.cambs "$work/extras.yaml" no --yes \
    --other-signing-key "$foreign"
expect 2 'is not a SHA-256' sign propose nps.cambs "$work/extra.yaml" no --yes --other-signing-key 12
expect 0 '' sign propose crc.bench "$work/extra.yaml" extra-one --yes
expect 2 "not its own: $foreign" sign accept nps.cambs "$work/extra.yaml" no --yes \
    --proposal-file "$work/extra-one"
[ ! -e "$work/no" ] || wrong 'something was signed'
expect 0 'keys of nps.cambs (signs this)' sign propose nps.cambs "$work/extra.yaml" extra-two --yes \
    --other-signing-key "$foreign"
cp "$folder/out" "$work/shown"
expect 0 "^    signing    $(printf %.16s "$foreign")\.\.\.\$" cat "$work/shown"
expect 0 "\"$foreign\"" sign accept nps.cambs "$work/extra.yaml" extra-three --yes --json \
    --other-signing-key "$foreign" --proposal-file "$work/extra-one"
expect 0 '"parties"' sign propose nps.cambs "$work/extras.yaml" extra-four --yes --json \
    --other-signing-key="$foreign" --other-signing-key "$third"

# signed by one, two, three
expect 0 'predecessor  none' sign propose nps.cambs "$work/isa.yaml" one --yes
expect 3 'proposed' verify "$work/isa.yaml" "$work/one"
expect 0 '"act": "accept"' sign accept crc.bench "$work/isa.yaml" two --yes --json --proposal-file "$work/one"
expect 3 'missing  csc.cambs' verify "$work/isa.yaml" "$work/one" "$work/two"
sed 's/^title: .*/title: Another/' "$work/isa.yaml" >"$work/other.yaml"
expect 2 'proposes another text' sign accept csc.cambs "$work/other.yaml" no --yes --proposal-file "$work/one"
expect 2 'another id' sign accept csc.cambs "$work/isa.yaml" no --yes --proposal-file "$work/one" \
    --proposal 00000000-0000-4000-8000-000000000001
expect 0 'written' sign accept csc.cambs "$work/isa.yaml" three --yes --proposal-file "$work/one"
expect 0 'ISA-CASE version 5: active' verify "$work/isa.yaml" "$work/one" "$work/two" "$work/three"
cat "$work/one" "$work/two" "$work/three" >"$work/all"
expect 0 '"state": "active"' verify "$work/isa.yaml" "$work/all" --json
expect 2 'does not count' verify "$work/isa.yaml" "$work/two" "$work/one"
expect 2 'missing' verify "$work/isa.yaml" "$work/two" "$work/one" "$work/three"
expect 2 'does not count: it proposes a text' verify "$work/other.yaml" "$work/all"

# the keys that a member was given by hand
concordat pki join-pack "$pki" --out "$work/pack" >/dev/null
expect 0 'version 5: active' verify "$work/isa.yaml" "$work/all" --join-pack "$work/pack"
sed "s/^governance csc.cambs .*/governance csc.cambs $third/; /^governance police.cambs/d" \
    "$work/pack" >"$work/pack.other"
expect 3 'version 5: not ours' verify "$work/isa.yaml" "$work/all" --join-pack "$work/pack.other"
expect 3 '"state": "not ours"' verify "$work/isa.yaml" "$work/all" --join-pack "$work/pack.other" --json
concordat pki join-pack "$work/elsewhere" --out "$work/pack.elsewhere" >/dev/null
expect 2 'pack.elsewhere: its root is not the one of' verify "$work/isa.yaml" "$work/all" \
    --join-pack "$work/pack.elsewhere"
expect 2 'no-pack: ' verify "$work/isa.yaml" "$work/all" --join-pack "$work/no-pack"
expect 2 "all:2: not .community NAME" verify "$work/isa.yaml" "$work/all" --join-pack "$work/all"

# before its days and after
expect 0 'version 5: active' verify "$work/isa.yaml" "$work/all" --on 2031-03-31
expect 3 'version 5: expired' verify "$work/isa.yaml" "$work/all" --on 2031-04-01
expect 3 '"state": "expired"' verify "$work/isa.yaml" "$work/all" --on 2031-04-01 --json
sed 's/^in-force: .*/in-force: 2030-01-01/; s/^review: .*/review: 2030-06-01/' "$work/isa.yaml" >"$work/future.yaml"
expect 0 '' sign propose nps.cambs "$work/future.yaml" f1 --yes
expect 0 '' sign accept crc.bench "$work/future.yaml" f2 --yes --proposal-file "$work/f1"
expect 0 '' sign accept csc.cambs "$work/future.yaml" f3 --yes --proposal-file "$work/f1"
expect 3 'version 5: not yet in force' verify "$work/future.yaml" "$work/f1" "$work/f2" "$work/f3"
expect 0 'version 5: active' verify "$work/future.yaml" "$work/f1" "$work/f2" "$work/f3" --on 2030-01-01
sed 's/^in-force: .*/in-force: 2020-01-01/; s/^review: .*/review: 2020-06-01/; s/^expires: .*/expires: 2021-01-01/' \
    "$work/isa.yaml" >"$work/past.yaml"
expect 0 '' sign propose nps.cambs "$work/past.yaml" p1 --yes
expect 2 'does not count: expires: the text.s time is over' verify "$work/past.yaml" "$work/p1"

# of several proposals of one text the last, unless it is named
expect 0 '' sign propose nps.cambs "$work/isa.yaml" q1 --yes
cat "$work/q1" "$work/one" >"$work/several"
expect 0 '' sign accept crc.bench "$work/isa.yaml" q2 --yes --proposal-file "$work/several"
expect 3 'signed   crc.bench' verify "$work/isa.yaml" "$work/one" "$work/q2"
expect 0 '"proposal"' sign accept crc.bench "$work/isa.yaml" q3 --yes --proposal-file "$work/q1" --json
id=$(sed -n 's/.*"proposal": "\([^"]*\)".*/\1/p' "$folder/out")
expect 0 "$id" sign accept csc.cambs "$work/isa.yaml" q4 --yes --proposal-file "$work/several" --proposal "$id"
expect 3 'signed   csc.cambs' verify "$work/isa.yaml" "$work/q1" "$work/q4"

# a key that the authority certified later is not the one in the text
expect 0 'renewed' concordat pki renew "$pki" "$pki/agencies/csc.cambs/governance.pem"
expect 2 'does not pin this governance key' sign revoke csc.cambs "$work/isa.yaml" no --yes
# suspended, resumed, revoked
expect 0 '' sign suspend crc.bench "$work/isa.yaml" four --yes
expect 3 'suspended' verify "$work/isa.yaml" "$work/all" "$work/four"
expect 0 '' sign resume crc.bench "$work/isa.yaml" five --yes
expect 0 'active' verify "$work/isa.yaml" "$work/all" "$work/four" "$work/five"
expect 2 'has not suspended it' verify "$work/isa.yaml" "$work/all" "$work/five" "$work/four"
expect 0 '' sign revoke nps.cambs "$work/isa.yaml" six --yes
expect 3 'revoked' verify "$work/isa.yaml" "$work/all" "$work/six"

# a second version in the place of the first; a signing key that rolls
sed 's/^version: 5/version: 6/' "$work/isa.yaml" >"$work/next.yaml"
expect 2 'csc.cambs' sign propose csc.cambs "$work/next.yaml" no --yes --predecessor "$work/isa.yaml"
mv "$pki/agencies/csc.cambs/governance.key.old" "$pki/agencies/csc.cambs/governance.key"
mv "$pki/agencies/csc.cambs/governance.pem.old" "$pki/agencies/csc.cambs/governance.pem"
expect 0 '' sign propose csc.cambs "$work/next.yaml" seven --yes --predecessor "$work/isa.yaml"
expect 0 '' sign accept nps.cambs "$work/next.yaml" eight --yes --proposal-file "$work/seven"
expect 0 '' sign accept crc.bench "$work/next.yaml" nine --yes --proposal-file "$work/seven"
expect 0 'version 5: superseded' verify "$work/isa.yaml" "$work/next.yaml" "$work/all" \
    "$work/seven" "$work/eight" "$work/nine"
expect 0 '' sign suspend csc.cambs "$work/isa.yaml" eleven --yes
expect 3 'version 5: superseded, suspended' verify "$work/isa.yaml" "$work/next.yaml" "$work/all" \
    "$work/seven" "$work/eight" "$work/nine" "$work/eleven"
expect 3 'version 6: suspended' verify "$work/isa.yaml" "$work/next.yaml" "$work/all" \
    "$work/eleven" "$work/seven" "$work/eight" "$work/nine"
expect 0 '' sign resume csc.cambs "$work/next.yaml" twelve --yes
expect 0 '' sign resume csc.cambs "$work/isa.yaml" thirteen --yes
expect 0 'version 6: active' verify "$work/isa.yaml" "$work/next.yaml" "$work/all" "$work/eleven" \
    "$work/seven" "$work/eight" "$work/nine" "$work/twelve" "$work/thirteen"
expect 0 '' sign roll nps.cambs "$pki/agencies/nps.cambs/signing.pem" ten --yes
expect 0 'version 6: active' verify "$work/isa.yaml" "$work/next.yaml" "$work/all" \
    "$work/seven" "$work/eight" "$work/nine" "$work/ten"
# revoked certificates count no more where CRLs are given
expect 0 'revoked' concordat pki revoke "$pki" "$pki/agencies/nps.cambs/governance.pem"
expect 2 'certificate revoked' verify "$work/isa.yaml" "$work/all" --crls "$pki/crls.pem"
