#!/bin/sh
# sandbox.sh BUILD - a sandbox starts in time, stops cleanly, and goes on where it stopped.
# shellcheck source=tests/system/town.sh
. "$(dirname -- "$0")/town.sh"

limit=${READY_SECONDS:-10}
began=$(date +%s)
start_town
took=$(($(date +%s) - began))
printf 'ready after %d s\n' "$took"
checks=$((checks + 1))
[ "$took" -le "$limit" ] || wrong "ready after $took s, not $limit"

for path in broker/broker.conf broker/pid broker/log broker/store agents/nps.cambs/agent.conf \
    agents/nps.cambs/pid agreements; do
    expect 0 '' test -e "$folder/town/$path"
done
expect 0 '' test -S "$folder/town/agents/court.b35cz00/agent.sock"
expect 0 'ISA-COURT version 3: signed by its 3 parties' printf '%s' "$said"
expect 0 'ISA-COURT .* active' concordat agreement list --agent "$folder/town/agents/nps.cambs"
expect 0 '' test -e "$folder/town/pki/agencies/mh.cambs/governance.key" # party, no member

# What is in force is left alone; other content wants a higher version, which supersedes.
enact()
{
    concordat agreement enact "$1" --pki "$folder/town/pki" \
        --agent "$folder/town/agents/police.35"
}
case=$folder/town/agreements/case.yaml
expect 0 'ISA-CASE version 5: in force already' enact "$case"
sed 's/^title: .*/title: Allocation, told anew/' "$case" >"$folder/case.yaml"
expect 2 'version 5 of ISA-CASE is in force with other content' enact "$folder/case.yaml"
sed -i 's/^version: 5/version: 6/' "$folder/case.yaml"
expect 0 'ISA-CASE version 6: in force, sha256' enact "$folder/case.yaml"
expect 0 'ISA-CASE  *5  *superseded' concordat agreement list \
    --agent "$folder/town/agents/police.35"
expect 2 'no-such' enact "$folder/no-such.yaml"
cp "$folder/case.yaml" "$case" # what a restart is to find in force

# A proposal waits for those who have not signed it, and stands first with them.
pki=$folder/town/pki
expect 0 '^governance nps.cambs' cat "$pki/join.pack"
expect 0 '^join-pack = ' cat "$folder/town/agents/nps.cambs/agent.conf"
hash=$(concordat agreement show ISA-COURT --agent "$folder/town/agents/nps.cambs" \
    | sed -n 's/^# sha256 //p')
sed 's/^version: 3/version: 4/' "$folder/town/agreements/court.yaml" >"$folder/court.yaml"
expect 0 '' concordat agreement pin "$folder/court.yaml" --pki "$pki" --out "$folder/pinned.yaml"
expect 0 '' concordat agreement sign propose "$folder/pinned.yaml" --agency nps.cambs \
    --key "$pki/agencies/nps.cambs/governance.key" --predecessor "$hash" --yes \
    --certificate "$pki/agencies/nps.cambs/governance.pem" --trust "$pki/trust.pem" \
    --signing-certificate "$pki/agencies/nps.cambs/signing.pem" --out "$folder/p.instrument"
expect 0 'published: entry' concordat agreement propose "$folder/pinned.yaml" \
    "$folder/p.instrument" --agent "$folder/town/agents/nps.cambs"
listed()
{
    concordat agreement list --agent "$folder/town/agents/court.b35cz00" >"$folder/list"
    grep -q 'sign it' "$folder/list"
}
tries=0
until listed || [ "$tries" -ge 300 ]; do
    tries=$((tries + 1))
done
expect 0 'ISA-COURT  *4  *proposed: sign it' sed -n 2p "$folder/list"
expect 0 'ISA-COURT v4 waits for your signature until' cat "$folder/list"
expect 0 'proposed in these words and waits for your signature' concordat agreement replay \
    "$folder/pinned.yaml" --agent "$folder/town/agents/court.b35cz00"
expect 0 '' concordat agreement who DC_CHILD --agent "$folder/town/agents/nps.cambs"
expect 0 'ISA-COURT  *4  *proposed ' concordat agreement list \
    --agent "$folder/town/agents/nps.cambs"
expect 0 'NOTICE' concordat agreement notices --agent "$folder/town/agents/nps.cambs"
expect 0 '"more": false' concordat agreement notices --since 7 --json \
    --agent "$folder/town/agents/nps.cambs"
expect 2 'is not an entry' concordat agreement notices --since -1 \
    --agent "$folder/town/agents/nps.cambs"

port=$(sed -n 's/^listen = 127.0.0.1:\([0-9]*\)$/\1/p' "$folder/town/broker/broker.conf")
expect 1 'sandbox\|store\|use' concordat sandbox "$folder/town"

# Something for later: probation does not look at it before the sandbox has stopped.
at court.b35cz00
expect 0 accepted concordat send psr.request --to nps.cambs --case new \
    "$source/docs/examples/psr.request.json"
first=$(last_id)
expect 0 delivered concordat track "$first" --until delivered

stop_town INT
expect 0 '' test "$stopped" = 0
expect 1 '' test -e "$folder/town/broker/pid"
expect 1 'no agent\|agent' concordat status

start_town
expect 0 '' grep -q "^listen = 127.0.0.1:$port\$" "$folder/town/broker/broker.conf"
at nps.cambs
expect 0 "$first" concordat inbox --wait 5
expect 0 'Example' concordat open "$first"
stop_town TERM
expect 0 '' test "$stopped" = 0

# A join pack of another community, or with another key for the agency, starts no agent.
cp "$pki/join.pack" "$folder/pack"
own=$(sed -n 's/^governance nps.cambs //p' "$pki/join.pack")
sed -i "s/^root ..../root 0000/" "$pki/join.pack"
expect 1 "join.pack: its root is 0000.*, .trust. has" concordat-agent \
    --config "$folder/town/agents/nps.cambs/agent.conf"
sed "s/$own/$(printf %064d 0)/" "$folder/pack" >"$pki/join.pack"
expect 1 "join.pack: its governance keys of nps.cambs are not that of" concordat-agent \
    --config "$folder/town/agents/nps.cambs/agent.conf"
rm "$pki/join.pack"
expect 1 'join.pack: No such file' concordat-agent \
    --config "$folder/town/agents/nps.cambs/agent.conf"

# A child that dies ends the sandbox with exit code 1, and takes the others along.
start_town
broker=$(cat "$folder/town/broker/pid")
kill -9 "$broker"
died=0
wait "$sandbox_pid" || died=$?
sandbox_pid=
expect 0 '' test "$died" = 1
expect 0 'broker ended by itself' cat "$folder/sandbox.err"
expect 1 '' test -e "$folder/town/agents/nps.cambs/pid"

# With --respawn it comes back instead.
start_town --respawn
broker=$(cat "$folder/town/broker/pid")
kill -9 "$broker"
at court.b35cz00
expect 0 accepted concordat send psr.request --to nps.cambs --case new --wait 30 \
    "$source/docs/examples/psr.request.json"
stop_town TERM
expect 0 '' test "$stopped" = 0

# What cannot be a sandbox is said so.
expect 2 'neither empty' concordat sandbox "$source"
expect 2 'already' concordat sandbox "$folder/town" --agencies "$folder/none"
printf 'nps.cambs NPS\nnps.cambs COURT\n' >"$folder/list"
expect 2 'list:2: named twice' concordat sandbox "$folder/new" --agencies "$folder/list"
printf 'nps.cambs NOT_A_KIND\n' >"$folder/list"
expect 2 'list:1:' concordat sandbox "$folder/new2" --agencies "$folder/list"
long=$folder/$(printf '%0100d' 0)
expect 2 'too long' concordat sandbox "$long"
