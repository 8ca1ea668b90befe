#!/usr/bin/env bash
# The main job on a copy of examples/platform: generate, check, a broken edit that check refuses, render, promote.
# Usage: examples/demo.sh SEALOCK [FOLDER]; without FOLDER the copy goes to a scratch folder that is kept.
set -euo pipefail
sealock=$1
folder=${2:-$(mktemp -d "${TMPDIR:-/tmp}/sealock-demo.XXXXXX")}
here=$(cd "$(dirname "$0")" && pwd)
bold=$(tput bold 2>/dev/null || true) plain=$(tput sgr0 2>/dev/null || true)
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || bold="" plain=""
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
show() { printf '%s$ sealock %s%s\n' "$bold" "$*" "$plain"; "$sealock" "$@"; }

mkdir -p "$folder"
cp -R "$here/platform/." "$folder"
cd "$folder"
git() { command git -c user.name=demo -c user.email=demo@example.com -c commit.gpgsign=false "$@"; }
git init -q -b main && git config user.name demo && git config user.email demo@example.com
git add -A && git commit -qm "the example repository"

say "1. A service joins the catalog: four lines in services.yaml become a base, three overlays and three Applications."
cat >>services.yaml <<'YAML'
  receipt-service:
    namespace: payments
    needs: [payment-service]
    staging: {tag: 1.0.0}
    production: {digest: "sha256:7c8e1d5a0f3b42969be07d4f1a6c5b82e930d7f46a1b0c5e8d29f3741b6a9c02"}
YAML
show generate
git add -A && git commit -qm "receipt-service joins"

say "2. Every overlay is rendered and checked offline, with the code that Argo CD and the API server run."
show check

say "3. Somebody breaks production: a mutable tag, and a selector that no longer matches its Pods."
overlay=services/payment-service/overlays/production
sed -i.bak 's/^\( *\)digest: .*/\1newTag: latest/' "$overlay/kustomization.yaml"
sed -i.bak 's/^\(      app.kubernetes.io\/name: \)payment-service$/\1payments/' services/payment-service/base/deployment.yaml
rm -f "$overlay/kustomization.yaml.bak" services/payment-service/base/deployment.yaml.bak
git --no-pager diff --stat
code=0
show check || code=$?
[ "$code" = 1 ] || { echo "check should have refused this with exit code 1, not $code" >&2; exit 1; }
git checkout -q .

say "4. What one overlay really makes, byte for byte as kustomize build prints it:"
show render services/receipt-service/overlays/staging | sed -n '1,20p'

say "5. A digest goes to staging: the plan, and gates that do not pass because nobody said how dev is."
code=0
show promote payment-service --from dev --to staging \
  --digest sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752 || code=$?
[ "$code" = 3 ] || { echo "promote should have been undecided with exit code 3, not $code" >&2; exit 1; }

say "Next, in $folder:"
cat <<NEXT
  sealock generate --explain receipt-service    where each value came from
  sealock generate --check                      exit 1 if the catalog and the tree disagree
  sealock check --format json                   the same verdict for machines
  sealock check --explain mutable-tag-in-production
  sealock status                                what runs where
  cd YOUR-REPOSITORY && sealock check           works with no configuration at all
NEXT
