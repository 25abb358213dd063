#!/bin/bash
# A kresd answers from hints, and by asking another kresd; over UDP and TCP. Needs the free port number PORT and the next one.
set -eu
mkdir far near
cat > far.conf <<END
net.listen('127.0.0.1', $((PORT + 1)))
modules = { 'hints > iterate' }
for i = 1, 200 do hints['host' .. i .. '.uvring.net'] = '192.0.2.' .. i end
trust_anchors.remove('.')
END
cat > near.conf <<END
net.listen('127.0.0.1', $PORT)
modules = { 'hints > iterate', 'policy' }
hints['near.uvring.net'] = '127.0.0.9'
policy.add(policy.suffix(policy.STUB({ '127.0.0.1@$((PORT + 1))' }), { todname('uvring.net') }))
trust_anchors.remove('.')
local ticks = 0
event.recurrent(10, function() ticks = ticks + 1 if ticks == 20 then print('ticked') end end)
END
pids=()
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || :; wait "$pid" || :; done' EXIT
for name in far near; do
  kresd -n -c "$PWD/$name.conf" "$name" > "$name.log" 2>&1 < /dev/null &
  pids+=($!)
done

ask() { dig @127.0.0.1 -p "$PORT" +tries=1 +time=5 +short "$@"; }
for _ in {1..100}; do
  [ "$(ask near.uvring.net 2>&1)" = 127.0.0.9 ] && [ -n "$(ask -p $((PORT + 1)) host1.uvring.net 2>/dev/null)" ] && break
  for pid in "${pids[@]}"; do kill -0 "$pid" || { cat ./*.log; exit 1; }; done
  sleep 0.1
done

is() { if [ "$2" != "$3" ]; then echo "$1: $2 instead of $3"; tail -n 20 ./*.log; exit 1; fi; }
is "over UDP" "$(ask near.uvring.net)" 127.0.0.9
is "over TCP" "$(ask +tcp near.uvring.net)" 127.0.0.9
is "from the other" "$(ask host7.uvring.net)" 192.0.2.7
for i in {1..200}; do echo "host$i.uvring.net A"; done > names
is "200 names" "$(ask -f names | wc -l)" 200
is "200 names over one TCP connection" "$(ask +tcp +keepopen -f names | wc -l)" 200
for _ in {1..50}; do grep -q ticked near.log && break; sleep 0.1; done
grep -q ticked near.log
for pid in "${pids[@]}"; do kill -0 "$pid"; kill "$pid"; wait "$pid"; done
trap - EXIT
echo ok
