#!/bin/bash
# Builds kubekit once into a cache, then starts a control plane on 127.0.0.1:
# etcd, kube-apiserver (TLS, RBAC), kube-controller-manager, kube-scheduler,
# and kwok as the kubelet. Does nothing for what already runs.
#   KUBEKIT_CACHE  where the binary is kept     KUBEKIT_RUN  certs, data, logs
#   KUBEKIT_PORT   API port; the two ports after it are etcd's (default: found free, and kept
#                  in the run folder)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${KUBEKIT_CACHE:-$HOME/.cache/sluice-dev/kubernetes}
run=${KUBEKIT_RUN:-${TMPDIR:-/tmp}/kubekit}
umask 077
mkdir -p "$cache" "$run"

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_port() { # the first of three ports in a row that nobody listens on
  local port
  for _ in $(seq 100); do
    port=$((20000 + RANDOM % 10000))
    listens "$port" || listens "$((port + 1))" || listens "$((port + 2))" || { echo "$port"; return; }
  done
  echo "no three free ports in a row were found" >&2
  return 1
}
[ -s "$run/port" ] || { [ -n "${KUBEKIT_PORT:-}" ] && echo "$KUBEKIT_PORT" || free_port; } >"$run/port"
port=$(<"$run/port")
etcd=http://127.0.0.1:$((port + 1)) peer=http://127.0.0.1:$((port + 2))
api=https://127.0.0.1:$port

key=$(cat "$here"/{go.mod,go.sum,main.go} <(go env GOVERSION) | sha256sum | cut -c1-16)
bin=$cache/kubekit-$key
if [ ! -x "$bin" ]; then
  v=k8s.io/component-base/version
  k8s=$(awk '$1 == "k8s.io/kubernetes" {print $2; exit}' "$here/go.mod")
  minor=${k8s#v1.}
  (cd "$here" && CGO_ENABLED=0 go build -p 2 -trimpath -buildvcs=false -gcflags=all=-dwarf=false \
    -o "$bin.tmp" -ldflags "-s -w -X $v.gitVersion=$k8s -X $v.gitMajor=1 -X $v.gitMinor=${minor%%.*} -X $v.gitTreeState=clean" .)
  mv "$bin.tmp" "$bin"
fi
ln -sfn "$bin" "$run/kubekit"

[ -s "$run/sa.key" ] || openssl genrsa -out "$run/sa.key" 2048 2>/dev/null
[ -s "$run/token" ] || openssl rand -hex 16 >"$run/token"
token=$(<"$run/token")
echo "$token,admin,admin,system:masters" >"$run/tokens.csv"
cat >"$run/kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: kubekit, cluster: {server: "$api", certificate-authority: "$run/apiserver.crt"}}]
users: [{name: admin, user: {token: "$token"}}]
contexts: [{name: kubekit, context: {cluster: kubekit, user: admin}}]
current-context: kubekit
YAML

start() { # start NAME FLAGS...: one program of kubekit, unless it runs already
  local name=$1 pid
  shift
  pid=$(cat "$run/$name.pid" 2>/dev/null || true)
  if [ -z "$pid" ] || ! grep -qs "^kubekit.*$name" <(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | sed 's#^[^ ]*/##'); then
    setsid "$run/kubekit" "$name" "$@" >>"$run/$name.log" 2>&1 </dev/null &
    pid=$!
    echo "$pid" >"$run/$name.pid"
  fi
  echo "$name $pid"
}
ready() { curl -fs -m 2 -o /dev/null --cacert "$run/apiserver.crt" -H "Authorization: Bearer $token" "$api/$1"; }
kubectl() { "$run/kubekit" kubectl --kubeconfig "$run/kubeconfig" --cache-dir "$run/cache" "$@"; }

start etcd --data-dir "$run/etcd" --unsafe-no-fsync --log-level error \
  --listen-client-urls "$etcd" --advertise-client-urls "$etcd" \
  --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer"
start apiserver --etcd-servers "$etcd" --cert-dir "$run" --bind-address 127.0.0.1 --secure-port "$port" \
  --advertise-address 127.0.0.1 --endpoint-reconciler-type none --service-cluster-ip-range 10.0.0.0/24 \
  --authorization-mode RBAC --token-auth-file "$run/tokens.csv" --service-account-issuer "$api" \
  --service-account-key-file "$run/sa.key" --service-account-signing-key-file "$run/sa.key" \
  --audit-policy-file "$here/audit.yaml" --audit-log-path "$run/audit.log" --audit-log-mode blocking
for _ in $(seq 600); do
  ready readyz && break
  kill -0 "$(<"$run/apiserver.pid")" || { tail -5 "$run/apiserver.log" >&2; exit 1; }
  sleep 0.1
done
ready readyz
start controllers --kubeconfig "$run/kubeconfig" --secure-port 0 --leader-elect=false \
  --service-account-private-key-file "$run/sa.key" --root-ca-file "$run/apiserver.crt"
start scheduler --kubeconfig "$run/kubeconfig" --secure-port 0 --leader-elect=false
start kwok --kubeconfig "$run/kubeconfig" --config "$here/stages.yaml" --manage-all-nodes --node-ip 127.0.0.1 --node-lease-duration-seconds 40
ready api/v1/nodes/node-0 || kubectl create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Node
metadata: {name: node-0}
YAML
for _ in $(seq 600); do ready api/v1/namespaces/default/serviceaccounts/default && break; sleep 0.1; done
kubectl wait --for=condition=Ready node/node-0 --timeout=60s >/dev/null
echo "KUBECONFIG=$run/kubeconfig"
