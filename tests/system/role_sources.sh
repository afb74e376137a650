#!/bin/sh
# role_sources.sh BUILD - the reference systems' sources, as they are installed, build as their README says, and run.
#
# COMPILER and FLAGS are the build's own: what links a sanitized library must be sanitized.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
hearing=3f1a2b6c-7d84-4e0b-9c55-81d2a4f6e001

expect 0 '' cmake --install "$build" --component roles-sources --prefix "$folder/there"
# The README's block, where it says. A warning ends it: above all of a function that nobody declares.
sed -n '/^cd share\/concordat/,/^```/p' "$source/agents/roles/README.md" | grep -v '^```' >"$folder/block"
expect 0 '' test "$(grep -c '^cc ' "$folder/block")" = 7
cat >"$folder/build.sh" <<END
set -e
cc() { ${COMPILER:-cc} -Wall -Werror -Wimplicit ${FLAGS-} "\$@" -L"$build/agents" -Wl,-rpath,"$build/agents"; }
cd "$folder/there"
. "$folder/block"
END
expect 0 '' sh "$folder/build.sh"

# They run: the court reads a time, which took it down once.
start_town
roles=$folder/there/share/concordat/roles/agents/roles
expect 0 '"neededByMs":1893504600000' "$roles/court" --agent "$folder/town/agents/court.b35cz00" \
    --store "$folder/court" --data "$source/docs/examples/story/court.json" --json \
    order-report "$hearing" --needed-by 2030-01-01T13:30Z
for role in crc nps police ppcs prison; do
    expect 2 'usage: ' "$roles/$role"
done
expect 2 'either --children or --adults' "$roles/social_care" serve
stop_town TERM
expect 0 '' test "$stopped" = 0
