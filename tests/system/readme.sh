#!/bin/sh
# readme.sh BUILD - the README's commands work as printed, and the files it names exist.
#
# Runs each line of the blocks after the mark, with the reader's own files and folders put into the
# test's. "# exit code N" behind a command is what it must answer.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
cd "$source" || exit 1

grep -o '[ (]\(agents\|broker\|lib\|docs\|certs\)/[A-Za-z_./]*\.\(c\|h\|md\)[ )]' README.md | tr -d ' ()' | sort -u >"$folder/files"
while read -r file; do
    expect 0 '' test -f "$file"
done <"$folder/files"
expect 0 '' test -d agents/roles

# The two commands: one starts all of this, demo.sh runs the other.
sed -n '/^## Two commands/,/^## First steps/p' README.md | grep '^\./run ' >"$folder/two"
expect 0 '^\./run test ' cat "$folder/two"
expect 0 '^\./run demo ' cat "$folder/two"

sed -n '/^<!-- tested by/,/^### /p' README.md | sed -n 's/^\$ //p' \
    | sed -e "s| mine.json| $folder/mine.json|g; s|wrong.json|$folder/wrong.json|g; s|draft.yaml|$folder/draft.yaml|g" \
        -e "s|--prefix concordat|--prefix $folder/concordat|; s|\$PWD/concordat|$folder/concordat|" \
        -e "s|=town/|=$folder/town/|" >"$folder/steps"
checks=$((checks + 1))
[ "$(wc -l <"$folder/steps")" -ge 20 ] || wrong "the README has few tested commands"
id=
case=
while IFS= read -r step; do
    wanted=0
    case $step in *'# exit code '*) wanted=${step##*'# exit code '} wanted=${wanted%%:*} ;; esac
    step=$(printf '%s' "$step" | sed "s/ *#.*//; s/ ID\( \|\$\)/ $id\1/; s/ CASE\( \|\$\)/ $case\1/")
    case $step in
    export*) eval "$step" ;;
    'concordat sandbox town') start_town ;;
    *)
        expect "$wanted" '' sh -c "$step"
        case $step in
        *' send '*) [ "$wanted" != 0 ] || id=$(last_id) ;;
        *' case open') case=$(sed -n 's/^held by us *//p' "$folder/out") ;;
        *' send-parts '*) id=$(sed -n '$s/.* accepted *//p' "$folder/out") ;; # the last of them
        esac
        ;;
    esac
done <"$folder/steps"
expect 0 "$folder/concordat/bin/concordat" command -v concordat
expect 0 '^\.SS import common-platform' cat "$folder/concordat/share/man/man1/concordat.1"
