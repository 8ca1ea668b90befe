#!/usr/bin/env bash
# Builds the wheel where no Go is on PATH, installs it into an empty environment, and runs the demo
# there, outside the checkout.
set -euo pipefail
cd "$(dirname "$0")/.."
checkout=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# A PATH with every program of this machine but Go.
mkdir "$scratch/path"
IFS=: read -ra folders <<<"$PATH"
for folder in "${folders[@]}"; do
  for program in "$folder"/*; do
    name=${program##*/}
    [[ $name == go || $name == gofmt || -e $scratch/path/$name || ! -x $program ]] || ln -s "$program" "$scratch/path/$name"
  done
done
export PATH="$scratch/path"
if command -v go; then echo "Go is still on PATH" >&2; exit 3; fi

uv=$checkout/.tools/bin/uv
"$uv" build --quiet --wheel --out-dir "$scratch/dist"
ls -l "$scratch/dist"
cp -r examples "$scratch/examples"
cd "$scratch"
"$uv" venv --quiet --python "$checkout/.venv/bin/python" venv
"$uv" pip install --quiet --python venv/bin/python dist/*.whl
env -u PYTHONPATH HOME="$scratch" SEALOCK_CACHE_DIR="$scratch/cache" examples/demo.sh "$scratch/venv/bin/sealock"
echo "the installed wheel ran the demo outside the checkout, with no Go"
