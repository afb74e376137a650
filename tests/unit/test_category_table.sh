#!/bin/sh
# test_category_table.sh CATEGORY_TABLE PROTOC PROTO_INCLUDE SOURCE
# The category table's generator takes a good body and fails on planted bad ones, naming the field.
set -eu
table=$1 protoc=$2 include=$3 source=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0

generate() {
    "$protoc" --descriptor_set_out="$folder/set" --include_imports -I"$include" -I"$source" \
        "tests/unit/planted/$1.proto"
    "$table" "$folder/set" "$folder/out.c" 2>"$folder/errors"
}

must_fail() { # NAME FIELD
    if generate "$1"; then
        echo "$1: generated, but should have failed"
        exit 1
    fi
    grep -q "^concordat.body.Planted.$2: " "$folder/errors" || {
        echo "$1: $2 is not named:"
        cat "$folder/errors"
        exit 1
    }
    test ! -e "$folder/out.c" || { echo "$1: half a table was left"; exit 1; }
    passed=$((passed + 1))
}

cd "$source"
generate good
grep -q 'concordat__body__planted__inside__descriptor' "$folder/out.c"
passed=$((passed + 1))
rm "$folder/out.c"
must_fail no_category forgotten
must_fail bad_category beyond
head -c 100 /dev/urandom >"$folder/set"
if "$table" "$folder/set" "$folder/out.c" 2>/dev/null; then
    echo "noise was taken for a descriptor set"
    exit 1
fi
passed=$((passed + 1))
echo "$passed passed, 0 failed"
