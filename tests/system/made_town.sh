#!/bin/sh
# made_town.sh BUILD MADE - the sandbox of which other tests' towns are copies (town.sh): it has been
# started and stopped once, so keys are made and agreements in force.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"
made=$2

rm -rf "$made"
start_town
stop_town TERM
expect 0 '' test "$stopped" = 0
expect 0 '' rm "$folder/town/broker/log" "$folder"/town/agents/*/log
# Each copy's broker chooses its own port, at its first start.
expect 0 '' sed -i 's/^\(listen\|broker\) = 127\.0\.0\.1:[0-9]*$/\1 = 127.0.0.1:0/' \
    "$folder/town/broker/broker.conf" "$folder"/town/agents/*/agent.conf
expect 0 '' mv "$folder/town" "$made"
