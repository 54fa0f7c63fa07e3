#!/usr/bin/env bash
# Goes through the steps of deploy/Dockerfile where no engine can build the image: the same files are copied, installed
# by the same command, and served by a user without rights; then the health check runs, and a picture is restored.
# Needs root (to become another user) and a Python that this user may run, $PYTHON or python3; takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
image=$(mktemp -d)
trap 'kill "${server:-}" 2> /dev/null || true; wait; rm -rf "$image"' EXIT
chmod 755 "$image"

mkdir -p "$image/opt/rednet"
cp pyproject.toml README.md LICENSE constraints.txt "$image/opt/rednet"
cp -r src "$image/opt/rednet"
"${PYTHON:-python3}" -m venv "$image/python"
install=$(sed -n "s/^RUN pip install \(.*\) && rm.*/\1/p" deploy/Dockerfile)
(cd "$image/opt/rednet" && eval "$image/python/bin/pip --quiet --quiet --disable-pip-version-check install $install")
rm -rf "$image/opt/rednet"
mkdir -m 700 "$image/tmp"
chown nobody "$image/tmp"

as_nobody=(setpriv --reuid=nobody --clear-groups env -i "TMPDIR=$image/tmp" "PATH=$image/python/bin:/usr/bin:/bin"
    REDNET_TOKEN=secret PYTHONDONTWRITEBYTECODE=1)
read -ra entry <<< "$(sed -n 's/^ENTRYPOINT \[\(.*\)\]/\1/p' deploy/Dockerfile | tr -d '",')"
cd /
"${as_nobody[@]}" "${entry[@]}" &
server=$!
check=$(sed -n 's/.*CMD \["python", "-c", "\(.*\)"\]$/\1/p' "$OLDPWD/deploy/Dockerfile")
for _ in $(seq 60); do
    "${as_nobody[@]}" python -c "$check" 2> /dev/null && healthy=yes && break
    sleep 1
done
[ "${healthy:-}" = yes ]
"${as_nobody[@]}" python - "$OLDPWD/src/rednet/evaluation/photos/chelsea.png" << 'PYTHON'
import sys
import urllib.request

request = urllib.request.Request("http://127.0.0.1:8000/v1/restore?task=denoise", open(sys.argv[1], "rb").read())
request.add_header("Authorization", "Bearer secret")
request.add_header("Content-Type", "image/png")
answer = urllib.request.urlopen(request)
assert answer.read().startswith(b"\x89PNG"), "no picture came back"
PYTHON
kill "$server"
wait "$server" || true
[ -z "$(find "$image/tmp" -type f)" ]
echo "installed: $(du -sm "$image/python" | cut -f1) MB; healthy; a picture was restored; nothing is left over"
