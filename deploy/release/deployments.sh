#!/usr/bin/env bash
# deployments.sh IMAGE:TAG@sha256:DIGEST FOLDER: what is deployed from, with exactly that image of the node. A tag can be moved, a digest cannot.
set -euo pipefail
image=$1 folder=$2
[[ $image =~ ^(.+):([^:@/]+)@(sha256:[0-9a-f]{64})$ ]] || { echo "'$image' is not an image with its tag and digest." >&2; exit 2; }
name=${BASH_REMATCH[1]} digest=${BASH_REMATCH[3]}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "$0")/../.."

# deploy/kubernetes is built from the files of its neighbours.
cp -r LICENSE THIRD-PARTY-NOTICES.md CHANGELOG.md deploy alerts dashboards logging tracing docs "$folder"
rm -rf "$folder/deploy/release"

# replace PATTERN TEXT FILE: the pattern has to be there.
replace() {
  grep -qE -- "$1" "$3" || { echo "$3 does not name the node's image." >&2; exit 1; }
  sed -i -E "s|$1|$2|" "$3"
}
for file in "$folder/deploy/compose/docker-compose.yaml" "$folder/deploy/compose/env.example"; do
  replace 'meshara-node:[0-9][^}"]*' "$image" "$file"
done
values=$folder/deploy/helm/meshara/values.yaml
replace '^(  repository:) meshara-node$' "\\1 $name" "$values"
replace '^(  digest:) ""( .*)?$' "\\1 $digest" "$values"
replace '^( *)newName: .*meshara-node.*' "\\1newName: $name\n\\1digest: $digest" "$folder/deploy/kubernetes/overlays/production/kustomization.yaml"
