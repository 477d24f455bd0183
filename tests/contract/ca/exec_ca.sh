#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A CA behind the contract of docs/protocol/ca-exec.md: the openssl command and a directory.
# exec_ca.sh DIR: DIR holds ca.pem and ca.key. The template "by-hand" waits for a file
# DIR/decided/COOKIE with "approve" or "deny" in it, the template "forbidden" is refused.
set -u
cd "$1" || exit 4
umask 077
mkdir -p requests issued serials revoked decided

issue() {
    key=$1
    if [ ! -e "issued/$key" ]; then
        serial=$(openssl rand -hex 16)
        openssl x509 -req -in "requests/$key" -CA ca.pem -CAkey ca.key -set_serial "0x$serial" \
            -days "$(cat "requests/$key.days")" -copy_extensions copy -out "issued/$key.$$" \
            2>/dev/null || exit 4
        serial=$(openssl x509 -in "issued/$key.$$" -noout -serial | sed 's/serial=//')
        : >"serials/$serial"
        mv "issued/$key.$$" "issued/$key"
    fi
    cat "issued/$key" ca.pem
}

answer() {
    key=$1
    [ -e "requests/$key" ] || {
        echo "no such request" >&2
        exit 2
    }
    if [ "$(cat "requests/$key.template")" = by-hand ]; then
        [ -e "decided/$key" ] || {
            printf '7\n%s\n' "$key"
            exit 5
        }
        [ "$(cat "decided/$key")" = approve ] || {
            echo "denied by the operator" >&2
            exit 2
        }
    fi
    issue "$key"
}

case $CERTFERRY_CA_OPERATION in
submit)
    if [ "$CERTFERRY_CA_TEMPLATE" = forbidden ]; then
        echo "template forbidden is not for you" >&2
        exit 2
    fi
    key=$(printf '%s' "$CERTFERRY_CA_REQUEST_ID" | sha256sum | cut -c1-16)-$CERTFERRY_CA_CSR_SHA256
    echo $((CERTFERRY_CA_VALIDITY_SECONDS / 86400)) >"requests/$key.days"
    echo "$CERTFERRY_CA_TEMPLATE" >"requests/$key.template"
    cat >"requests/$key"
    answer "$key"
    ;;
poll)
    answer "$CERTFERRY_CA_COOKIE"
    ;;
revoke)
    [ -e "serials/$CERTFERRY_CA_SERIAL" ] || exit 8
    mkdir "revoked/$CERTFERRY_CA_SERIAL" 2>/dev/null || exit 7
    ;;
check) [ -r ca.key ] || exit 4 ;;
*) exit 6 ;;
esac
