#!/usr/bin/env bash
# prefect 3.9.1 with whenever 0.10.5 on Python 3.11: a cron schedule has no next date.
#
# Input:    CronSchedule(cron="30 0 * * *", timezone="Africa/Cairo"), asked for its next date after an aware datetime.
#           prefect's metadata allows whenever 0.10.5 and newer.
# Expected: the next date, as with whenever 0.11.0.
# Seen:     ValueError "tzinfo must be of type ZoneInfo (exactly)". The server's scheduler meets the same error, so no
#           deployment with a cron runs.
# Who:      everybody who upgrades prefect alone, on Python below 3.13: a resolver keeps the older whenever.
# Guard:    pyproject.toml asks for whenever 0.11; `nightrank serve` stops where the server schedules nothing.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
export DO_NOT_TRACK=1 PREFECT_HOME=$T/prefect PREFECT_SERVER_ANALYTICS_ENABLED=false
cat > "$T/ask.py" <<'P'
import asyncio
from datetime import UTC, datetime

from prefect.server.schemas.schedules import CronSchedule

schedule = CronSchedule(cron="30 0 * * *", timezone="Africa/Cairo")
try:
    [due] = asyncio.run(schedule.get_dates(n=1, start=datetime(2026, 4, 20, 12, tzinfo=UTC)))
    print(f"{due:%Y-%m-%d %H:%M}")
except ValueError as error:
    print(f"ValueError: {str(error).split(',')[0]}")
P
seen=
for version in 0.10.5 0.11.0; do
  python3.11 -m venv "$T/$version"
  "$T/$version/bin/pip" install --quiet --disable-pip-version-check prefect==3.9.1 "whenever==$version" fastapi==0.150.0 'sqlalchemy<2.1' 2>/dev/null
  seen+="whenever $version: $("$T/$version/bin/python" -W ignore "$T/ask.py")"$'\n'
done
printf '%s' "$seen"
[ "$seen" = "whenever 0.10.5: ValueError: tzinfo must be of type ZoneInfo (exactly)
whenever 0.11.0: 2026-04-21 00:30
" ]
