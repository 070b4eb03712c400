#!/usr/bin/env bash
# Makes certificates for one run of the tests:  certificates.sh DIR
#
# DIR/ca.pem signs server.pem (of the host name `localhost`, not of 127.0.0.1) and
# client.pem (CN=certified); each has its key beside it (*.key). DIR/other-ca.pem signs nothing.
set -euo pipefail
cd "$1"
exec 2>openssl.log
new_key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)

for ca in ca other-ca; do
    openssl req -x509 "${new_key[@]}" -days 30 -subj "/CN=tests $ca" -keyout "$ca.key" -out "$ca.pem" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
done

# sign NAME COMMON_NAME EXTENSIONS [OPTION...]
sign() {
    openssl req -new "${new_key[@]}" -subj "/CN=$2" -keyout "$1.key" -out "$1.csr"
    printf '%s\n' 'basicConstraints=CA:FALSE' "$3" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -set_serial "$RANDOM" -extfile "$1.ext" -out "$1.pem" "${@:4}"
    rm "$1.csr" "$1.ext"
}
sign server localhost $'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth' -days 30
sign client certified extendedKeyUsage=clientAuth -days 30
chmod 600 ./*.key
