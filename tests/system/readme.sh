#!/bin/sh
# readme.sh BUILD - the README's first steps work as printed, and the files it names exist.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
cd "$source" || exit 1

grep -o '[ (]\(agents\|broker\|lib\|docs\|certs\)/[A-Za-z_./]*\.\(c\|h\|md\)[ )]' README.md | tr -d ' ()' | sort -u >"$folder/files"
while read -r file; do
    expect 0 '' test -f "$file"
done <"$folder/files"

start_town
ln -s "$folder/town" "$folder/link"
# The block after the mark, without its fences and prompts; the sandbox and the programs are ours.
sed -n '/^<!-- tested by/,/^```$/p' README.md | sed -n 's/^\$ //p' | grep -v '^export PATH' \
    | sed "s|=town/|=$folder/link/|" >"$folder/steps"
checks=$((checks + 1))
[ -s "$folder/steps" ] || wrong "the README has no tested block"
id=
while IFS= read -r step; do
    case $step in
    export*) eval "$step" ;;
    *)
        step=$(printf '%s' "$step" | sed "s/ ID\( \|\$\)/ $id\1/")
        expect 0 '' sh -c "$step"
        case $step in *' send '*) id=$(last_id) ;; esac
        ;;
    esac
done <"$folder/steps"
