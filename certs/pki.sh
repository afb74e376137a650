#!/bin/sh
# pki.sh - the certificate authority of a community: root, issuer, leaves, CRLs.
#
# Needs a POSIX shell, GNU coreutils and OpenSSL 3. What the certificates say is in profiles.cnf beside
# this file; why, and the way round it, in README.md. Keys are made 0600 and never printed.
#
# Exit codes: 0 done, 1 failed, 2 bad input.
set -eu
LC_ALL=C
export LC_ALL
umask 077

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
profiles=${CONCORDAT_PROFILES:-$here/profiles.cnf}
CONCORDAT_CA=. CONCORDAT_ID=none # profiles.cnf names both; each use sets its own
export CONCORDAT_CA CONCORDAT_ID
# nobody but the community is trusted here; and reading the system's authorities takes ten times as
# long as what `openssl x509` is asked
SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/dev/null
export SSL_CERT_FILE SSL_CERT_DIR

root_days=7305 issuer_days=3653 leaf_days=397 crl_days=14
skew=300 # seconds that a peer's clock may be behind ours: certificates and CRLs begin earlier
# a demo and tests play at another time
skew=${CONCORDAT_SKEW:-$skew} crl_days=${CONCORDAT_CRL_DAYS:-$crl_days}

usage()
{
    cat <<'END'
usage: pki.sh init DIR --community NAME          a new community: root, issuer, empty CRLs
       pki.sh agency DIR ID... [--days N]        four keys and certificates for each agency
       pki.sh broker DIR ID [--days N]           key and certificate of a broker
       pki.sh officer DIR AGENCY CODE... [--days N]
                                                 key and certificate of an agency's officers
       pki.sh sign DIR ID USE REQUEST OUT [--days N]
                                                 certificate for a key made elsewhere (PKCS #10);
                                                 USE: transport signing governance witness broker
       pki.sh renew DIR CERT [--days N]          a new key and certificate in place of CERT
       pki.sh revoke DIR CERT [--reason R]       revokes CERT and issues CRLs
       pki.sh crl DIR                            issues CRLs, valid 14 days
       pki.sh join-pack DIR [--out FILE]         what a new member compares by telephone: the
                                                 root's and every governance key's digest
       pki.sh show CERT                          what a certificate says
       pki.sh check DIR                          verifies everything in DIR; exit 1 on any fault
END
}

bad()
{
    printf 'pki: %s\n' "$1" >&2
    exit 2
}

fail()
{
    printf 'pki: %s\n' "$1" >&2
    exit 1
}

# Runs openssl; on failure says what was being done and what openssl said last.
ssl()
{
    doing=$1
    shift
    if ! openssl "$@" 2>"$work/openssl.err" </dev/null; then
        sed 's/^/    /' "$work/openssl.err" >&2
        fail "$doing: openssl $1 failed"
    fi
}

# Input

# [a-z][a-z0-9-]*(\.[a-z0-9-]+)*, at most 63 bytes: as lib/id.c has it.
check_id()
{
    case $1 in
    '' | [!a-z]* | *[!a-z0-9.-]* | *..* | *.)
        bad "'$1' is not an id: lower-case letters, digits and '-', in labels joined by '.', a letter first" ;;
    esac
    [ ${#1} -le 63 ] || bad "'$1' is longer than 63 bytes"
}

check_name()
{
    case $1 in
    '') bad 'the community needs a name: --community NAME' ;;
    *[!A-Za-z0-9\ .,\'\(\)\&_-]*)
        bad "the community's name may hold letters, digits, spaces and . , ' ( ) & _ -" ;;
    esac
    [ ${#1} -le 64 ] || bad "the community's name is longer than 64 bytes"
}

check_times()
{
    case $skew$crl_days in
    *[!0-9]*) bad 'CONCORDAT_SKEW wants a number of seconds, CONCORDAT_CRL_DAYS one of days' ;;
    esac
}

check_days()
{
    case $1 in
    '' | 0* | *[!0-9]*) bad "--days wants a number, not '$1'" ;;
    esac
    [ ${#1} -le 4 ] || bad '--days is at most 9999'
}

check_use()
{
    case $1 in
    broker | transport | signing | governance | witness | officer) ;;
    *) bad "'$1' is no use of a key: transport, signing, governance, witness, officer, broker" ;;
    esac
}

need_community()
{
    [ -f "$1/issuer/issuer.pem" ] && [ -f "$1/root/root.pem" ] \
        || bad "$1 holds no community; make one with: pki.sh init $1 --community NAME"
}

# Authorities

# One writer at a time: openssl's list of certificates is a plain file.
lock()
{
    mkdir "$1/.lock" 2>/dev/null \
        || fail "$1 is in use by another pki.sh; if none runs, remove $1/.lock"
    locked=$1/.lock
}

stamp()
{
    date -u -d "@$1" +%Y%m%d%H%M%SZ
}

make_authority_folder()
{
    mkdir -p "$1/issued"
    : >"$1/index.txt"
    echo 01 >"$1/crlnumber"
}

# request KEY OUT NAME UNIT [ALGORITHM]: a new key, and a request for it.
request()
{
    case ${5:-P-256} in
    P-256) set -- "$1" "$2" "$3" "$4" -newkey EC -pkeyopt ec_paramgen_curve:P-256 ;;
    *) set -- "$1" "$2" "$3" "$4" -newkey "$5" ;;
    esac
    key=$1 out=$2 name=$3 unit=$4
    shift 4
    ssl "key for $name" req -new -config "$profiles" "$@" -noenc -keyout "$key" -out "$out" \
        -subj "/O=$community/OU=$unit/CN=$name"
}

# validity DAYS: what is issued from now on holds from $from until $until.
validity()
{
    now=$(date +%s)
    from=$(stamp $((now - skew))) until=$(stamp $((now + $1 * 86400)))
}

# issue AUTHORITY PROFILE ID REQUEST OUT: AUTHORITY is root or issuer; after `validity`.
issue()
{
    CONCORDAT_CA=$dir/$1 CONCORDAT_ID=$3
    ssl "certificate for $3" ca -batch -notext -config "$profiles" -extensions "$2" \
        -cert "$dir/$1/$1.pem" -keyfile "$dir/$1/$1.key" -in "$4" -out "$5" \
        -subj "/O=$community/OU=$2/CN=$3" \
        -startdate "$from" -enddate "$until"
}

# A CRL must be newer than the one before, to the second, or OpenSSL may keep the older.
issue_crl()
{
    now=$(date +%s)
    last=$(cat "$dir/$1/crl.time" 2>/dev/null || echo 0)
    while [ "$now" -le "$last" ]; do
        sleep 0.2
        now=$(date +%s)
    done
    CONCORDAT_CA=$dir/$1
    ssl "CRL of the $1" ca -gencrl -config "$profiles" -cert "$dir/$1/$1.pem" \
        -keyfile "$dir/$1/$1.key" -out "$work/crl" -crl_lastupdate "$(stamp $((now - skew)))" \
        -crl_nextupdate "$(stamp $((now + crl_days * 86400)))"
    mv "$work/crl" "$dir/$1/crl.pem"
    echo "$now" >"$dir/$1/crl.time"
}

issue_crls()
{
    if [ -f "$dir/root/root.key" ]; then
        issue_crl root
    else
        echo "root.key is not here: the root's CRL stays as it is (README.md: the root is offline)"
    fi
    issue_crl issuer
    cat "$dir/root/crl.pem" "$dir/issuer/crl.pem" >"$work/crls.pem"
    chmod 644 "$work/crls.pem"
    mv "$work/crls.pem" "$dir/crls.pem"
}

digest_of()
{
    openssl x509 -in "$1" -outform DER | sha256sum | cut -d' ' -f1
}

# Verbs

init()
{
    [ ! -e "$dir/root" ] && [ ! -e "$dir/issuer" ] || bad "$dir holds a community already"
    check_name "$community"
    mkdir -p "$dir"
    start "$dir"
    make_authority_folder "$dir/root"
    make_authority_folder "$dir/issuer"
    ssl 'root' req -x509 -new -config "$profiles" -extensions root -sha256 -days "$root_days" \
        -newkey EC -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout "$dir/root/root.key" \
        -out "$dir/root/root.pem" -subj "/O=$community/OU=root/CN=Root"
    chmod 644 "$dir/root/root.pem"
    request "$dir/issuer/issuer.key" "$work/request" Issuer issuer
    validity "$issuer_days"
    issue root issuer Issuer "$work/request" "$dir/issuer/issuer.pem"
    chmod 644 "$dir/issuer/issuer.pem"
    printf '%s\n' "$community" >"$dir/community"
    issue_crls
    cat "$dir/root/root.pem" "$dir/issuer/issuer.pem" >"$dir/trust.pem"
    chmod 644 "$dir/trust.pem"
    printf 'community %s\n' "$community"
    printf 'id        %s\n' "$(digest_of "$dir/root/root.pem")"
}

# one_leaf FOLDER PROFILE ID: PROFILE.key, PROFILE.pem and PROFILE.chain.pem, the leaf and its issuer;
# after `validity`.
one_leaf()
{
    algorithm=P-256
    [ "$2" != witness ] || algorithm=ED25519
    request "$1/$2.key" "$work/request" "$3" "$2" "$algorithm"
    issue issuer "$2" "$3" "$work/request" "$1/$2.pem"
    cat "$1/$2.pem" "$dir/issuer/issuer.pem" >"$1/$2.chain.pem"
    chmod 644 "$1/$2.pem" "$1/$2.chain.pem"
}

agency()
{
    [ $# -gt 0 ] || bad 'which agency? pki.sh agency DIR ID...'
    for id in "$@"; do
        check_id "$id"
        [ ! -e "$dir/agencies/$id" ] || bad "$id has certificates already; see: pki.sh renew"
    done
    start "$dir"
    mkdir -p "$dir/agencies"
    validity "$days"
    for id in "$@"; do
        rm -rf "$work/new" # whole or not at all
        mkdir "$work/new"
        for use in transport signing governance witness; do
            one_leaf "$work/new" "$use" "$id"
        done
        mv "$work/new" "$dir/agencies/$id"
        printf 'agency %s\n' "$id"
    done
}

broker()
{
    [ $# -eq 1 ] || bad 'which broker? pki.sh broker DIR ID'
    check_id "$1"
    [ ! -e "$dir/broker/$1" ] || bad "$1 has a certificate already; see: pki.sh renew"
    start "$dir"
    mkdir -p "$dir/broker" "$work/new"
    validity "$days"
    one_leaf "$work/new" broker "$1"
    mv "$work/new" "$dir/broker/$1"
    printf 'broker %s\n' "$1"
}

# CODE: [a-z0-9-]+, at most 31 bytes: as lib/identity.c has it.
officer()
{
    [ $# -ge 2 ] || bad 'which officer? pki.sh officer DIR AGENCY CODE...'
    agency=$1
    check_id "$agency"
    [ -d "$dir/agencies/$agency" ] || bad "$agency has no certificates here; first: pki.sh agency"
    shift
    for code in "$@"; do
        case $code in
        '' | *[!a-z0-9-]*) bad "'$code' is no officer's code: lower-case letters, digits and '-'" ;;
        esac
        [ ${#code} -le 31 ] || bad "'$code' is longer than 31 bytes"
        [ ! -e "$dir/agencies/$agency/officers/$code" ] \
            || bad "$agency:$code has a certificate already; see: pki.sh renew"
    done
    start "$dir"
    mkdir -p "$dir/agencies/$agency/officers"
    validity "$days"
    for code in "$@"; do
        rm -rf "$work/new"
        mkdir "$work/new"
        one_leaf "$work/new" officer "$agency:$code"
        mv "$work/new" "$dir/agencies/$agency/officers/$code"
        printf 'officer %s:%s\n' "$agency" "$code"
    done
}

sign()
{
    [ $# -eq 4 ] || bad 'pki.sh sign DIR ID USE REQUEST OUT'
    check_id "$1"
    check_use "$2"
    [ -r "$3" ] || bad "$3 cannot be read"
    [ ! -e "$4" ] || bad "$4 is there already"
    start "$dir"
    kind=$(openssl req -in "$3" -noout -text 2>/dev/null </dev/null \
        | sed -n 's/^ *NIST CURVE: *//p; s/^ *Public Key Algorithm: *\(ED25519\)/\1/p') || true
    wanted=P-256
    [ "$2" != witness ] || wanted=ED25519
    [ "$kind" = "$wanted" ] || bad "$3 is no request with a $wanted key"
    validity "$days"
    issue issuer "$2" "$1" "$3" "$work/new.pem"
    chmod 644 "$work/new.pem"
    mv "$work/new.pem" "$4"
    printf '%s %s\n' "$2" "$1"
}

# The name and use of a certificate of ours, as `use` and `id`.
read_leaf()
{
    [ -r "$1" ] || bad "$1 cannot be read"
    uri=$(openssl x509 -in "$1" -noout -ext subjectAltName 2>/dev/null </dev/null \
        | sed -n 's/^ *URI:\(urn:concordat:[a-z]*:[a-z0-9.:-]*\)$/\1/p') || true
    use=$(openssl x509 -in "$1" -noout -subject -nameopt multiline 2>/dev/null </dev/null \
        | sed -n 's/^ *organizationalUnitName *= *//p') || true
    [ -n "$uri" ] && [ -n "$use" ] || bad "$1 is no certificate of an agency or a broker"
    id=${uri#urn:concordat:*:}
}

renew()
{
    [ $# -eq 1 ] || bad 'pki.sh renew DIR CERT'
    read_leaf "$1"
    check_use "$use"
    folder=$(dirname -- "$1")
    [ -f "$folder/$use.key" ] && [ -f "$folder/$use.pem" ] \
        || bad "$folder holds no $use.key; for a key made elsewhere see: pki.sh sign"
    start "$dir"
    mkdir "$work/new"
    validity "$days"
    one_leaf "$work/new" "$use" "$id"
    for end in key pem chain.pem; do
        mv "$folder/$use.$end" "$folder/$use.$end.old"
        mv "$work/new/$use.$end" "$folder/$use.$end"
    done
    printf '%s %s renewed; the old certificate stays valid until it is revoked: %s\n' \
        "$use" "$id" "$folder/$use.pem.old"
}

revoke()
{
    [ $# -eq 1 ] || bad 'pki.sh revoke DIR CERT'
    [ -r "$1" ] || bad "$1 cannot be read"
    serial=$(openssl x509 -in "$1" -noout -serial 2>/dev/null </dev/null | cut -d= -f2) || true
    [ -n "$serial" ] || bad "$1 holds no certificate"
    authority=issuer
    [ ! -f "$dir/root/issued/$serial.pem" ] || authority=root
    [ -f "$dir/$authority/issued/$serial.pem" ] \
        && [ "$(digest_of "$1")" = "$(digest_of "$dir/$authority/issued/$serial.pem")" ] \
        || bad "$1 was not issued by this community"
    [ -f "$dir/$authority/$authority.key" ] || fail "this needs $dir/$authority/$authority.key"
    start "$dir"
    if awk -F'\t' -v s="$serial" '$4 == s && $1 == "R" { found = 1 } END { exit !found }' \
        "$dir/$authority/index.txt"; then
        fail "$1 is revoked already"
    fi
    CONCORDAT_CA=$dir/$authority
    ssl 'revocation' ca -revoke "$1" -crl_reason "$reason" -config "$profiles" \
        -cert "$dir/$authority/$authority.pem" -keyfile "$dir/$authority/$authority.key"
    issue_crls
    printf 'revoked serial %s; give %s to the broker and every agent\n' "$serial" "$dir/crls.pem"
}

crl()
{
    [ $# -eq 0 ] || bad 'pki.sh crl DIR'
    start "$dir"
    issue_crls
    printf 'CRLs valid until %s: %s\n' \
        "$(openssl crl -in "$dir/issuer/crl.pem" -noout -nextupdate | cut -d= -f2)" "$dir/crls.pem"
}

spki_of()
{
    openssl x509 -in "$1" -noout -pubkey | sed '/^-----/d' | base64 -d | sha256sum | cut -d' ' -f1
}

# Read by agents/join_pack.c.
write_pack()
{
    printf '# Compare every line with its agency, by telephone or in person, before trusting it.\n'
    printf 'community %s\n' "$community"
    printf 'root %s\n' "$(digest_of "$dir/root/root.pem")"
    for leaf in "$dir"/agencies/*/governance.pem; do
        [ ! -f "$leaf" ] || printf 'governance %s %s\n' "$(basename -- "$(dirname -- "$leaf")")" \
            "$(spki_of "$leaf")"
    done
}

join_pack()
{
    [ $# -eq 0 ] || bad 'pki.sh join-pack DIR [--out FILE]'
    if [ -z "$out" ]; then
        write_pack
        return
    fi
    [ ! -e "$out" ] || bad "$out is there already"
    start "$dir"
    write_pack >"$work/pack"
    chmod 644 "$work/pack"
    mv "$work/pack" "$out"
}

show()
{
    [ -r "$1" ] || bad "$1 cannot be read"
    openssl x509 -in "$1" -noout >/dev/null 2>&1 </dev/null || bad "$1 holds no certificate"
    openssl x509 -in "$1" -noout -nameopt oneline,-esc_msb,utf8 -subject -issuer -serial -startdate \
        -enddate -ext subjectAltName,extendedKeyUsage,keyUsage,basicConstraints </dev/null \
        | sed 's/^X509v3 //; s/^ \{4,\}/    /'
    printf 'sha256=%s\n' "$(digest_of "$1")"
    printf 'spki sha256=%s\n' "$(spki_of "$1")"
}

# check_leaf FILE: chain, CRLs, key, permissions; a line each.
check_leaf()
{
    said=$(openssl verify -x509_strict -crl_check_all -CAfile "$dir/trust.pem" \
        -CRLfile "$dir/crls.pem" "$1" 2>&1 </dev/null) || {
        printf 'BAD   %s: %s\n' "$1" "$(printf '%s\n' "$said" | sed -n 's/^error [^:]*: //p' | head -n 1)"
        faults=$((faults + 1))
        return 0
    }
    key=${1%.pem}.key
    if [ -f "$key" ]; then
        if [ "$(openssl pkey -in "$key" -pubout 2>/dev/null </dev/null)" \
            != "$(openssl x509 -in "$1" -noout -pubkey)" ]; then
            printf 'BAD   %s: %s is not its key\n' "$1" "$key"
            faults=$((faults + 1))
            return 0
        fi
        case $(ls -ld "$key") in
        -r??------*) ;;
        *)
            printf 'BAD   %s can be read by others (chmod 600)\n' "$key"
            faults=$((faults + 1))
            return 0 ;;
        esac
    fi
    printf 'good  %s until %s\n' "$1" "$(openssl x509 -in "$1" -noout -enddate | cut -d= -f2)"
}

check()
{
    [ $# -eq 0 ] || bad 'pki.sh check DIR'
    faults=0
    for authority in root issuer; do
        until=$(openssl crl -in "$dir/$authority/crl.pem" -noout -nextupdate | cut -d= -f2)
        if [ "$(date -u -d "$until" +%s)" -le "$(date +%s)" ]; then
            printf 'BAD   the CRL of the %s expired %s (pki.sh crl)\n' "$authority" "$until"
            faults=$((faults + 1))
        else
            printf 'good  CRL of the %s until %s\n' "$authority" "$until"
        fi
    done
    for leaf in "$dir"/agencies/*/*.pem "$dir"/agencies/*/officers/*/*.pem "$dir"/broker/*/*.pem; do
        case $leaf in
        *'*'* | *.chain.pem) ;;
        *) check_leaf "$leaf" ;;
        esac
    done
    [ "$faults" -eq 0 ] || fail "$faults faults"
}

# Room for what is not finished, inside DIR so that it moves without a copy; gone at the end.
start()
{
    lock "$1"
    trap 'rm -rf "$work" "$locked"' EXIT
    trap 'exit 1' HUP INT TERM
    mkdir -p "$work"
    chmod 700 "$work"
}

command -v openssl >/dev/null || fail 'openssl is not installed (apt-get install openssl)'
[ -r "$profiles" ] || fail "$profiles is missing"
[ $# -gt 0 ] || { usage >&2; exit 2; }
verb=$1
shift
case $verb in
help | -h | --help) usage; exit 0 ;;
init | agency | broker | officer | sign | renew | revoke | crl | check | join-pack) ;;
show)
    [ $# -eq 1 ] || bad 'pki.sh show CERT'
    show "$1"
    exit 0 ;;
*) usage >&2; bad "unknown verb '$verb'" ;;
esac
[ $# -gt 0 ] || bad "pki.sh $verb DIR ..."

# Options may stand anywhere after the verb; the rest keeps its order.
community='' out='' days=$leaf_days reason=unspecified left=$#
while [ "$left" -gt 0 ]; do
    word=$1
    shift
    left=$((left - 1))
    case $word in
    --community | --days | --reason | --out)
        [ "$left" -gt 0 ] || bad "$word wants a value"
        case $word in
        --community) community=$1 ;;
        --out) out=$1 ;;
        --days) check_days "$1" && days=$1 ;;
        --reason) reason=$1 ;;
        esac
        shift
        left=$((left - 1)) ;;
    --*) bad "unknown option $word" ;;
    *) set -- "$@" "$word" ;;
    esac
done
case $reason in
unspecified | keyCompromise | affiliationChanged | superseded | cessationOfOperation) ;;
*) bad "--reason is one of unspecified keyCompromise affiliationChanged superseded cessationOfOperation" ;;
esac
[ $# -gt 0 ] || bad "pki.sh $verb DIR ..."
check_times
dir=${1%/}
shift
case $dir in
'' | -*) bad 'DIR is missing' ;;
esac
work=$dir/.work
if [ "$verb" = init ]; then
    [ $# -eq 0 ] && [ -z "$out" ] || bad 'pki.sh init DIR --community NAME'
    init
else
    [ -z "$community" ] || bad '--community belongs to init'
    need_community "$dir"
    [ -z "$out" ] || [ "$verb" = join-pack ] || bad '--out belongs to join-pack'
    community=$(cat "$dir/community")
    [ "$verb" != join-pack ] || verb=join_pack
    "$verb" "$@"
fi
