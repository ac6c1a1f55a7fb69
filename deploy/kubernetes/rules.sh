#!/usr/bin/env bash
# Makes base/rules.yaml, the PrometheusRule, of alerts/rules/:
#
#   deploy/kubernetes/rules.sh
#
# Without stack.yml, which is about a Prometheus of one's own: whoever runs the Prometheus Operator has rules for that, and
# without retired.yml, whose place here is base/retired.yaml.
set -euo pipefail
cd "$(dirname "$0")"

rules=../../alerts/rules
{
  cat <<'HEAD'
# Made by deploy/kubernetes/rules.sh of alerts/rules/. Change those, and run it again.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: meshara
spec:
  groups:
HEAD
  for file in mesh members slo; do
    sed -e '/^groups:/d' -e 's/^\(.\)/  \1/' "$rules/$file.yml"
  done
} >base/rules.yaml
