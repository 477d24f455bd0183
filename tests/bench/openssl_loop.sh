#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# openssl_loop.sh KIND N DIR - the cryptography of N requests by the openssl command alone: key, CSR,
# certificate, PFX, envelope. DIR holds ca.pem, ca.key, device.pem and device.key (made when missing).
set -euo pipefail

kind=$1 n=$2 dir=$3
mkdir -p "$dir"
cd "$dir"
if [ ! -e device.pem ]; then
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj "/CN=bench CA" 2>/dev/null
    openssl req -x509 -newkey rsa:2048 -nodes -keyout device.key -out device.pem -days 30 -subj "/CN=device" 2>/dev/null
fi
case $kind in
rsa2048) algorithm=(-algorithm RSA -pkeyopt rsa_keygen_bits:2048) ;;
p256) algorithm=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256) ;;
*) exit 64 ;;
esac
for ((i = 0; i < n; i++)); do
    password=$(openssl rand -base64 32)
    openssl genpkey -quiet "${algorithm[@]}" -out key.pem 2>/dev/null ||
        openssl genpkey "${algorithm[@]}" -out key.pem 2>/dev/null
    openssl req -new -key key.pem -subj "/CN=device $i" -out request.pem
    openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -out cert.pem 2>/dev/null
    openssl pkcs12 -export -inkey key.pem -in cert.pem -certfile ca.pem -passout "pass:$password" -out out.pfx
    openssl cms -sign -binary -nodetach -in out.pfx -signer device.pem -inkey device.key -outform DER -out signed.der
    openssl cms -encrypt -binary -aes-256-cbc -in signed.der -outform DER -out sealed.der device.pem
done
rm -f key.pem out.pfx signed.der
