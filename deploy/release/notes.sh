#!/usr/bin/env bash
# notes.sh VERSION: that version's section of CHANGELOG.md; fails when there is none.
set -euo pipefail
cd "$(dirname "$0")/../.."
notes=$(awk -v heading="## $1" '/^## / { within = index($0 " ", heading " ") == 1; next } within' CHANGELOG.md)
[ -n "${notes//[[:space:]]/}" ] || { echo "CHANGELOG.md says nothing of $1." >&2; exit 1; }
echo "$notes"
