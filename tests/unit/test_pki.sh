#!/bin/sh
# certs/pki.sh makes what lib/identity.c accepts, revokes with ever newer CRLs, and refuses bad input.
# usage: test_pki.sh PKI_SH
set -eu
LC_ALL=C
export LC_ALL
pki=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0

say_not()
{
    printf 'FAILED: %s\n' "$1"
    sed 's/^/    /' "$dir/out"
    exit 1
}

# expect CODE WHAT COMMAND...
expect()
{
    code=$1 what=$2 got=0
    shift 2
    "$@" >"$dir/out" 2>&1 || got=$?
    [ "$got" = "$code" ] || say_not "$what: exit code $got, not $code"
    passed=$((passed + 1))
}

crl_number()
{
    openssl crl -in "$dir/c/issuer/crl.pem" -noout -crlnumber | cut -d= -f2
}

issued()
{
    date -u -d "$(openssl crl -in "$dir/c/issuer/crl.pem" -noout -lastupdate | cut -d= -f2)" +%s
}

expect 2 'no verb' "$pki"
expect 2 'unknown verb' "$pki" mint "$dir/c"
expect 2 'no community' "$pki" agency "$dir/c" nps.cambs
expect 2 'no name' "$pki" init "$dir/c"
expect 2 'a slash in the name' "$pki" init "$dir/c" --community 'a/CN=b'
expect 0 'init' "$pki" init "$dir/c" --community "Test & Co"
expect 2 'init twice' "$pki" init "$dir/c" --community "Test & Co"
for id in '' Nps 9nps nps..cambs nps. nps_cambs 'nps cambs' nps%2e 'a/../b' \
    a23456789012345678901234567890123456789012345678901234567890123x; do
    expect 2 "id '$id'" "$pki" agency "$dir/c" "$id"
done
expect 2 'days' "$pki" agency "$dir/c" nps.cambs --days 0
expect 2 'option' "$pki" agency "$dir/c" nps.cambs --day 3
expect 0 'two agencies' "$pki" agency "$dir/c" nps.cambs csc.cambs
expect 2 'an agency twice' "$pki" agency "$dir/c" police.cambs nps.cambs
[ ! -e "$dir/c/agencies/police.cambs" ] || say_not 'half of a refused call was done'
expect 0 'two officers' "$pki" officer "$dir/c" nps.cambs duty-1 duty-2
expect 0 'a join pack' "$pki" join-pack "$dir/c"
[ "$(grep -c '^governance [a-z.]* [0-9a-f]\{64\}$' "$dir/out")" = 2 ] || say_not 'two governance keys'
grep -q "^root [0-9a-f]\{64\}$" "$dir/out" || say_not 'the root'
cp "$dir/out" "$dir/said"
expect 0 'a join pack in a file' "$pki" join-pack "$dir/c" --out "$dir/pack"
cmp -s "$dir/said" "$dir/pack" || say_not 'the same in a file'
expect 2 'a file that is there' "$pki" join-pack "$dir/c" --out "$dir/pack"
expect 2 '--out elsewhere' "$pki" crl "$dir/c" --out "$dir/pack2"
expect 2 'an officer twice' "$pki" officer "$dir/c" nps.cambs duty-3 duty-1
[ ! -e "$dir/c/agencies/nps.cambs/officers/duty-3" ] || say_not 'half of a refused call was done'
expect 2 'an officer of no agency' "$pki" officer "$dir/c" hou.cambridge duty-1
expect 2 'a name is no code' "$pki" officer "$dir/c" nps.cambs 'Kit Example'
expect 0 'an officer renewed' "$pki" renew "$dir/c" "$dir/c/agencies/nps.cambs/officers/duty-1/officer.pem"
expect 0 'broker' "$pki" broker "$dir/c" hub --days 30
expect 0 'check' "$pki" check "$dir/c"
expect 0 'show' "$pki" show "$dir/c/agencies/nps.cambs/transport.pem"

for key in $(find "$dir/c" -name '*.key'); do
    [ "$(stat -c %a "$key")" = 600 ] || say_not "$key is not 0600"
done

before=$(crl_number) then=$(issued)
expect 0 'revoke' "$pki" revoke "$dir/c" "$dir/c/agencies/nps.cambs/transport.pem" \
    --reason keyCompromise
[ $(($(crl_number))) -gt $(($before)) ] || say_not 'crlNumber did not rise'
[ "$(issued)" -gt "$then" ] || say_not 'the CRL is not newer'
expect 1 'revoke twice' "$pki" revoke "$dir/c" "$dir/c/agencies/nps.cambs/transport.pem"
expect 1 'a revoked certificate is found' "$pki" check "$dir/c"
grep -q 'BAD .*nps.cambs/transport.pem.*revoked' "$dir/out" || say_not 'not named as revoked'
expect 0 'renew' "$pki" renew "$dir/c" "$dir/c/agencies/nps.cambs/transport.pem"
expect 0 'check after renewal' "$pki" check "$dir/c"
expect 2 'no certificate' "$pki" revoke "$dir/c" "$dir/c/community"

expect 0 'another community' "$pki" init "$dir/d" --community Other
expect 2 'a stranger' "$pki" revoke "$dir/d" "$dir/c/agencies/csc.cambs/transport.pem"

# A key made elsewhere: only its public half counts, whatever the request says beside it.
openssl req -new -newkey EC -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout "$dir/far.key" \
    -out "$dir/far.csr" -subj /CN=evil -addext 'subjectAltName=URI:urn:concordat:agency:evil' \
    2>/dev/null
expect 0 'sign' "$pki" sign "$dir/c" ppcs signing "$dir/far.csr" "$dir/far.pem"
openssl x509 -in "$dir/far.pem" -noout -ext subjectAltName >"$dir/out"
grep -q 'urn:concordat:agency:ppcs$' "$dir/out" || say_not 'the request chose its name'
openssl req -new -newkey rsa:2048 -noenc -keyout "$dir/rsa.key" -out "$dir/rsa.csr" -subj /CN=x \
    2>/dev/null
expect 2 'an RSA request' "$pki" sign "$dir/c" ppcs signing "$dir/rsa.csr" "$dir/rsa.pem"

# The root key goes away: the issuer's CRL is still issued, its own revocation is not possible.
mv "$dir/c/root/root.key" "$dir/root.key"
expect 0 'crl without the root' "$pki" crl "$dir/c"
expect 1 'the issuer without the root' "$pki" revoke "$dir/c" "$dir/c/issuer/issuer.pem"
mv "$dir/root.key" "$dir/c/root/root.key"
expect 0 'the issuer' "$pki" revoke "$dir/c" "$dir/c/issuer/issuer.pem"
expect 1 'nothing holds after that' "$pki" check "$dir/c"

mkdir "$dir/c/.lock"
expect 1 'two at a time' "$pki" crl "$dir/c"
[ -d "$dir/c/.lock" ] || say_not "another's lock was taken away"
rmdir "$dir/c/.lock"
[ ! -e "$dir/c/.work" ] || say_not 'left over: .work'
printf 'pki.sh: %s of %s checks passed\n' "$passed" "$passed"
