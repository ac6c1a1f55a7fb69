#!/usr/bin/env bash
# Loads into Elasticsearch and Kibana what logs need: lifecycle policies, templates, data stream, saved objects, and users with
# only their rights. Harmless to run again, and run again at every start. Needs bash and curl alone, so that Elasticsearch's own image can run it.
#
#   ELASTICSEARCH_URL        http://localhost:9200
#   ELASTICSEARCH_USERNAME   elastic
#   ELASTICSEARCH_PASSWORD   empty where security is off
#   KIBANA_URL               none: no saved objects are loaded
#   KIBANA_PASSWORD          what the user kibana_system gets; empty leaves it alone
#   FILEBEAT_PASSWORD, JAEGER_PASSWORD, GRAFANA_PASSWORD, EXPORTER_PASSWORD
#                            what the users meshara-filebeat, meshara-jaeger, meshara-grafana and meshara-exporter get; empty makes none
#   SSL_CERT_FILE            curl's and everybody's: authorities to trust instead of the system's
#   SETUP_TIMEOUT            seconds to wait for each server: 300
set -euo pipefail
cd "$(dirname "$0")"

elasticsearch=${ELASTICSEARCH_URL:-http://localhost:9200}
kibana=${KIBANA_URL:-}
timeout=${SETUP_TIMEOUT:-300}

fail() { echo "$*" >&2; exit 1; }

# A string as JSON and as curl's configuration file write it.
quoted() { local text=${1//\\/\\\\}; printf '"%s"' "${text//\"/\\\"}"; }

# curl as the user, whose password is no argument: those are seen by everybody on the machine.
call() {
  curl --silent --show-error --max-time 30 --config <(
    [ -z "${ELASTICSEARCH_PASSWORD:-}" ] || echo "user = $(quoted "${ELASTICSEARCH_USERNAME:-elastic}:$ELASTICSEARCH_PASSWORD")"
  ) "$@"
}

# await NAME URL: until it answers 2xx.
await() {
  local until=$((SECONDS + timeout)) error
  until error=$(call --fail --output /dev/null "$2" 2>&1); do
    [ $SECONDS -lt $until ] || fail "$1 is not ready after $timeout s: $2: $error"
    sleep 1
  done
}

# put PATH [FILE]: prints the answer; any refusal ends the set-up with Elasticsearch's own words.
put() {
  local answer
  answer=$(call --fail-with-body --request PUT "$elasticsearch/$1" ${2:+--header 'Content-Type: application/json' --data-binary "@$2"}) ||
    fail "Elasticsearch refuses ${2:-$1}: $answer"
}

exists() { call --fail --output /dev/null "$elasticsearch/$1" 2>/dev/null; }

# What a new index gets; nothing before the first set-up.
templates() {
  local part
  for part in settings mappings; do
    call --fail "$elasticsearch/_component_template/meshara-logs-$part?filter_path=component_templates.component_template.template" 2>/dev/null || true
  done
}

await Elasticsearch "$elasticsearch/_cluster/health?wait_for_status=yellow&timeout=20s"

if [ -n "${KIBANA_PASSWORD:-}" ]; then
  answer=$(echo "{\"password\":$(quoted "$KIBANA_PASSWORD")}" | call --fail-with-body --header 'Content-Type: application/json' \
    --data-binary @- "$elasticsearch/_security/user/kibana_system/_password") || fail "Elasticsearch refuses Kibana's password: $answer"
fi

# user NAME PASSWORD: a user with the role of elasticsearch/role-NAME.json and no other.
user() {
  local answer
  [ -n "$2" ] || return 0
  put "_security/role/meshara-$1" "elasticsearch/role-$1.json"
  answer=$(echo "{\"password\":$(quoted "$2"),\"roles\":[\"meshara-$1\"]}" | call --fail-with-body --request PUT --header 'Content-Type: application/json' \
    --data-binary @- "$elasticsearch/_security/user/meshara-$1") || fail "Elasticsearch refuses the user meshara-$1: $answer"
}

user filebeat "${FILEBEAT_PASSWORD:-}"
user jaeger "${JAEGER_PASSWORD:-}"
user grafana "${GRAFANA_PASSWORD:-}"
user exporter "${EXPORTER_PASSWORD:-}"

before=$(templates)
put _ilm/policy/meshara-logs elasticsearch/lifecycle.json
put _ilm/policy/meshara-traces elasticsearch/traces-lifecycle.json
put _component_template/meshara-logs-settings elasticsearch/settings.json
put _component_template/meshara-logs-mappings elasticsearch/mappings.json
put _index_template/meshara-logs elasticsearch/template.json

if ! exists _data_stream/logs-meshara-default; then
  put _data_stream/logs-meshara-default
elif [ "$before" != "$(templates)" ]; then
  # The index being written keeps the settings and mappings it was made with: the next line begins a new one.
  answer=$(call --fail-with-body --request POST "$elasticsearch/logs-meshara-default/_rollover?lazy=true") || fail "Elasticsearch refuses a rollover: $answer"
fi
echo "Elasticsearch at $elasticsearch is set up."

if [ -z "$kibana" ]; then
  echo "KIBANA_URL is not set: no saved objects are loaded."
  exit 0
fi

await Kibana "$kibana/api/status"
answer=$(call --fail-with-body --header 'kbn-xsrf: setup' --form file=@kibana/logs.ndjson "$kibana/api/saved_objects/_import?overwrite=true") ||
  fail "Kibana refuses kibana/logs.ndjson: $answer"
[[ $answer == *'"success":true'* ]] || fail "Kibana took kibana/logs.ndjson only in part: $answer"
echo "Kibana at $kibana is set up."
