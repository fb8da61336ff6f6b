#!/usr/bin/env bash
# Builds Gitea once into a cache, then starts one on 127.0.0.1 with the user `ci`, whose
# password is `right-password`. Wants Go, and root, since Gitea itself refuses to be root.
#   GITEA_CACHE  where the binary is kept
#   GITEA_RUN    its data, which `down.sh` removes; the address is in its file `url`
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${GITEA_CACHE:-$HOME/.cache/sluice-dev/gitea}
run=${GITEA_RUN:?is not set}
export PATH=$PATH:/usr/local/go/bin
mkdir -p "$cache" "$run"

key=$(cat "$here"/go.{mod,sum} <(go env GOVERSION) | sha256sum | cut -c1-16)
bin=$cache/gitea-$key
if [ ! -x "$bin/gitea" ]; then
  rm -rf "$bin.tmp" && mkdir "$bin.tmp"
  (cd "$here" && CGO_ENABLED=1 go build -p 2 -trimpath -buildvcs=false -ldflags '-s -w' \
    -tags 'sqlite sqlite_unlock_notify' -o "$bin.tmp/gitea" code.gitea.io/gitea)
  module=$(cd "$here" && go list -m -f '{{.Dir}}' code.gitea.io/gitea)
  cp -r --no-preserve=mode "$module"/{templates,options,public} "$bin.tmp/"
  rm -rf "$bin" && mv "$bin.tmp" "$bin"
fi

# Everything lies where somebody else than root can read it.
cp -r "$bin/." "$run/"
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
port=$((20000 + RANDOM % 10000))
while listens "$port"; do port=$((20000 + RANDOM % 10000)); done
cat >"$run/app.ini" <<INI
RUN_USER = nobody
RUN_MODE = prod
WORK_PATH = $run/work
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = $port
ROOT_URL = http://127.0.0.1:$port/
STATIC_ROOT_PATH = $run
DISABLE_SSH = true
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
PATH = $run/work/gitea.db
[repository]
ROOT = $run/work/repositories
[security]
INSTALL_LOCK = true
SECRET_KEY = a-key-for-tests-alone
PASSWORD_HASH_ALGO = pbkdf2_v1
[service]
DISABLE_REGISTRATION = true
[cron]
ENABLED = false
[log]
MODE = file
ROOT_PATH = $run/work/log
LEVEL = warn
INI
mkdir -p "$run/work"
chmod 755 "$run"
chown -R 65534:65534 "$run/work" "$run/app.ini"
gitea() {
  env -i PATH="$PATH" HOME="$run/work" USER=nobody \
    setpriv --reuid=65534 --regid=65534 --clear-groups "$run/gitea" "$@" --config "$run/app.ini"
}
gitea migrate >"$run/migrate.log" 2>&1
gitea admin user create --admin --username ci --password right-password --email ci@example.com \
  --must-change-password=false >>"$run/migrate.log" 2>&1
gitea web >"$run/web.log" 2>&1 </dev/null &
echo $! >"$run/pid"
for _ in $(seq 300); do
  curl -fsS "http://127.0.0.1:$port/api/healthz" >/dev/null 2>&1 && break
  kill -0 "$(<"$run/pid")" || { cat "$run/web.log" >&2; exit 1; }
  sleep 0.1
done
echo "http://127.0.0.1:$port" >"$run/url"
