#!/bin/bash
# A named answers over UDP, TCP, TLS and HTTPS; dig, which links libuv too, asks. Needs the free port number PORT and the next two.
set -eu
dns=$PORT tls=$((PORT + 1)) https=$((PORT + 2))
cat > named.conf <<END
options {
  directory "$PWD"; pid-file none; session-keyfile none; recursion no; dnssec-validation no;
  listen-on port $dns { 127.0.0.1; }; listen-on-v6 { none; };
  listen-on port $tls tls ephemeral { 127.0.0.1; };
  listen-on port $https tls ephemeral http default { 127.0.0.1; };
  allow-transfer { any; };
};
controls { };
zone "uvring.net" { type master; file "zone"; };
END
{
  echo '$TTL 60'
  echo '@ SOA ns hostmaster 1 3600 900 604800 60'
  echo '@ NS ns'
  echo 'ns A 127.0.0.1'
  for i in {1..500}; do echo "host$i A 192.0.2.$((i % 250)) "; echo "host$i TXT \"$(printf 'x%.0s' {1..100})\""; done
} > zone

named -g -n 2 -c named.conf > log 2>&1 &
named=$!
trap 'kill "$named" 2>/dev/null || :; wait "$named" || :' EXIT
ask() { dig @127.0.0.1 -p "$dns" +tries=1 +time=5 "$@"; }
for _ in {1..100}; do
  ask +short ns.uvring.net > /dev/null 2>&1 && break
  kill -0 "$named" || { cat log; exit 1; }
  sleep 0.1
done

is() { if [ "$2" != "$3" ]; then echo "$1: $2 instead of $3"; tail -n 20 log; exit 1; fi; }
is "over UDP" "$(ask +short ns.uvring.net)" 127.0.0.1
is "over TCP" "$(ask +short +tcp ns.uvring.net)" 127.0.0.1
is "over TLS" "$(ask +short +tls -p "$tls" ns.uvring.net)" 127.0.0.1
is "over HTTPS" "$(ask +short +https -p "$https" ns.uvring.net)" 127.0.0.1
is "no such name" "$(ask nowhere.uvring.net | grep -c NXDOMAIN)" 1
for i in {1..500}; do echo "host$i.uvring.net A"; done > names
is "500 names over UDP" "$(ask +short -f names | wc -l)" 500
is "500 names over one TCP connection" "$(ask +short +tcp +keepopen -f names | wc -l)" 500
is "a whole zone" "$(ask uvring.net axfr | grep -c TXT)" 500
kill -0 "$named"
kill "$named"
wait "$named"
trap - EXIT
grep -q 'exiting$' log
if grep -iE 'assert|fatal|core dump' log; then exit 1; fi
echo ok
