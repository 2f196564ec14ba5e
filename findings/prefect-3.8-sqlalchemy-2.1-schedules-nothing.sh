#!/usr/bin/env bash
# prefect 3.8.8 with SQLAlchemy 2.1.9: the server creates no run from any schedule.
#
# Input:    a server, and a deployment with an active cron schedule of every minute. pip resolves this pair: prefect
#           3.8.8 asks for SQLAlchemy 2.0 or newer, below 3.
# Expected: within a minute the server holds runs in the state Scheduled, as with SQLAlchemy 2.0.
# Seen:     none, ever. The deployment looks active. The server's own log says in each round of its scheduler
#           "InvalidRequestError: Can't evaluate bulk DML statement"; no command and no worker says so.
# Who:      everybody who installed prefect 3.8 after SQLAlchemy 2.1 came out. prefect 3.9.1 works with 2.1.9.
# Guard:    pyproject.toml keeps SQLAlchemy below 2.1; `nightrank serve` stops where the server schedules nothing.
set -euo pipefail
T=$(mktemp -d); SERVER=
trap 'kill $SERVER 2>/dev/null || true; sleep 1; rm -rf "$T"' EXIT
export PREFECT_SERVER_ANALYTICS_ENABLED=false DO_NOT_TRACK=1 PREFECT_LOGGING_LEVEL=ERROR no_proxy=127.0.0.1
cat > "$T/ask.py" <<'P'
import sys
import time
from contextlib import suppress
from uuid import uuid4

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule

with get_client(sync_client=True) as client:
    for _ in range(120):
        with suppress(Exception):
            if client.api_healthcheck() is None:
                break
        time.sleep(1)
    flow_id = client.create_flow_from_name("finding")
    schedule = DeploymentScheduleCreate(schedule=CronSchedule(cron="* * * * *"), active=True)
    client.create_deployment(flow_id, f"finding-{uuid4().hex[:6]}", schedules=[schedule])
    for _ in range(int(sys.argv[1])):
        if client.read_flow_runs(limit=1):
            break
        time.sleep(1)
    active = sum(one.active for found in client.read_deployments() for one in found.schedules)
    print(f"{active} active schedule,", "runs are scheduled" if client.read_flow_runs(limit=1) else "no run")
P
try() {  # try PREFECT SQLALCHEMY SECONDS
  local home=$T/$1-$2 port
  python3 -m venv "$home"
  "$home/bin/pip" install --quiet --disable-pip-version-check "prefect==$1" "sqlalchemy==$2" "fastapi==0.150.0" 2>/dev/null
  port=$("$home/bin/python" -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])")
  export PREFECT_HOME=$home/prefect PREFECT_API_URL=http://127.0.0.1:$port/api
  "$home/bin/python" -m prefect server start --host 127.0.0.1 --port "$port" > "$home/server.log" 2>&1 & SERVER=$!
  echo "prefect $1, SQLAlchemy $2: $("$home/bin/python" "$T/ask.py" "$3")"
  kill $SERVER; wait $SERVER 2>/dev/null || true
}
seen=$(try 3.8.8 2.1.9 100; try 3.8.8 2.0.49 100; try 3.9.1 2.1.9 100)
echo "$seen"
[ "$seen" = "prefect 3.8.8, SQLAlchemy 2.1.9: 1 active schedule, no run
prefect 3.8.8, SQLAlchemy 2.0.49: 1 active schedule, runs are scheduled
prefect 3.9.1, SQLAlchemy 2.1.9: 1 active schedule, runs are scheduled" ]
