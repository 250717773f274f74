"""The table: who may ask for which address. A new address is written in here, or its tests fail."""

from __future__ import annotations

# Nobody needs to be known here: the status that somebody gets who is nobody and sends nothing. Programs prove
# themselves by a key, a token or a signature of their own, one-time links by what they are.
ANYBODY = """
200 GET /-/healthy
200 GET /-/ready
200 GET /metrics
200 GET /static/tocsin.css
200 GET /static/tocsin.js
200 GET /static/keys.js
200 GET /static/tocsin.svg
200 GET /sign-in
403 POST /sign-in
303 POST /sign-out
404 GET /sign-in/oidc
400 GET /sign-in/oidc/back
404 GET /welcome/{secret}
404 POST /welcome/{secret}
404 GET /t/{token}
404 POST /t/{token}
404 GET /api/v1/heartbeat/{key}
404 POST /api/v1/heartbeat/{key}
404 GET /api/v1/heartbeat/{key}/
404 POST /api/v1/heartbeat/{key}/
404 GET /api/v1/heartbeat/{key}/{word}
404 POST /api/v1/heartbeat/{key}/{word}
404 GET /api/v1/heartbeat/{key}/{word}/
404 POST /api/v1/heartbeat/{key}/{word}/
405 DELETE /api/v1/inbound/{name}
405 GET /api/v1/inbound/{name}
405 PATCH /api/v1/inbound/{name}
405 PUT /api/v1/inbound/{name}
401 POST /api/v1/inbound/{name}
405 DELETE /api/v1/helpdesks/{name}/hook
405 GET /api/v1/helpdesks/{name}/hook
405 PATCH /api/v1/helpdesks/{name}/hook
405 PUT /api/v1/helpdesks/{name}/hook
404 POST /api/v1/helpdesks/{name}/hook
404 GET /status
404 GET /status/{name}
404 GET /status/{name}/feed.atom
404 GET /status/{name}/summary.json
404 GET /status/{name}/badge/{slug}.svg
404 DELETE /api/v1/changes
404 PATCH /api/v1/changes
404 PUT /api/v1/changes
404 POST /api/v1/changes
404 DELETE /api/v1/tickets
404 PATCH /api/v1/tickets
404 PUT /api/v1/tickets
404 POST /api/v1/tickets
"""

# Somebody known, who may: `look`, `work`, `plan` or `administer`, as agent.access.person has them.
MAY = """
look GET /
look GET /live
look GET /services/{service}
look GET /services/{service}/explain
look GET /services/{service}/explain/{check}
plan POST /services/{service}/look
plan POST /services/{service}/pause
plan POST /services/{service}/resume
look GET /tickets
work GET /tickets/bulk
work POST /tickets/bulk
look GET /tickets/views
look POST /tickets/views
look POST /tickets/views/change
look POST /tickets/views/remove
work GET /tickets/new
work POST /tickets/new
look GET /tickets/{ticket}
work POST /tickets/{ticket}
work GET /tickets/{ticket}/edit
work POST /tickets/{ticket}/edit
look GET /incidents
look GET /incidents/{number}
look GET /maintenance
plan GET /maintenance/preview
plan POST /maintenance/add
plan POST /maintenance/end
look GET /outbox
plan POST /outbox/retry
plan POST /outbox/drop
look GET /reports
look GET /reports.csv
look GET /api/v1/me
look GET /api/v1/agent
look GET /api/v1/stream
look GET /api/v1/openapi.json
look GET /api/v1/services
look GET /api/v1/services/{service}
look GET /api/v1/services/{service}/checks/{check}/latency
look GET /api/v1/uptime
look GET /api/v1/incidents
look GET /api/v1/incidents/{number}
look GET /api/v1/tickets
look GET /api/v1/tickets/{ticket}
look GET /api/v1/maintenance
look GET /api/v1/silences
look GET /api/v1/pauses
look GET /api/v1/outbox
look GET /api/v1/changes
"""
