"""``/metrics``: how fast HTTP answers, who watches, and what the database says of the queues."""

import time
from collections.abc import Iterator
from threading import Lock

import structlog
from flask import Blueprint, Response, g, request
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.checks import DatabaseGate
from api.sockets.hub import Hub
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import ReelmillError
from pipeline.core.links import unsigned
from pipeline.services import fleet, on_air
from pipeline.telemetry import LATENCY_BUCKETS_S, exposition, new_registry

log = structlog.get_logger(__name__)


class PipelineGauges(Collector):
    """Reads the database at each scrape; while it is away, ``reelmill_database_up`` is 0."""

    def __init__(self, pipeline: Pipeline, gate: DatabaseGate) -> None:
        self._pipeline = pipeline
        self._gate = gate
        # Two scrapers at once would only double the load.
        self._lock = Lock()

    def collect(self) -> Iterator[Metric]:
        """Yield one family per question."""
        try:
            self._gate.pass_through()
            with self._lock:
                families = [
                    *self._queues(),
                    *self._workers(),
                    *self._outbox(),
                    *self._webhooks(),
                    *self._broadcasts(),
                ]
        except ReelmillError as error:
            log.warning("metrics.database_away", code=error.instance_code)
            families = []
        is_up = 1.0 if families else 0.0
        yield GaugeMetricFamily("reelmill_database_up", "Whether the database answers.", is_up)
        yield from families

    def _queues(self) -> list[Metric]:
        tasks = GaugeMetricFamily(
            "reelmill_tasks", "Unfinished tasks that may run.", labels=["queue", "state"]
        )
        paused = GaugeMetricFamily("reelmill_queue_paused", "1 while paused.", labels=["queue"])
        slots = GaugeMetricFamily("reelmill_queue_slots", "Live worker slots.", labels=["queue"])
        for queue in fleet.queues(self._pipeline.database):
            tasks.add_metric([queue.name, "ready"], queue.ready)
            tasks.add_metric([queue.name, "delayed"], queue.delayed)
            tasks.add_metric([queue.name, "running"], queue.running)
            paused.add_metric([queue.name], float(queue.is_paused))
            slots.add_metric([queue.name], queue.live_slots)
        return [tasks, paused, slots]

    def _workers(self) -> list[Metric]:
        workers = fleet.workers(self._pipeline.database)
        live = sum(worker.is_live for worker in workers)
        draining = sum(worker.is_live and worker.is_draining for worker in workers)
        return [
            GaugeMetricFamily("reelmill_workers_live", "Workers heard of lately.", live),
            GaugeMetricFamily("reelmill_workers_draining", "Of those, draining.", draining),
        ]

    def _outbox(self) -> list[Metric]:
        with self._pipeline.database.read() as rows:
            waiting = sum(rows.outbox.waiting().values())
        return [GaugeMetricFamily("reelmill_outbox_rows", "Rings not yet published.", waiting)]

    def _webhooks(self) -> list[Metric]:
        with self._pipeline.database.read() as rows:
            untold = rows.webhooks.lag() if rows.webhooks.has_enabled() else 0
            pending, late_s = rows.deliveries.waiting()
            delivered, failed = rows.webhooks.totals()
        sent = GaugeMetricFamily(
            "reelmill_webhook_deliveries", "Deliveries of the present webhooks.", labels=["state"]
        )
        for state, count in (("pending", pending), ("delivered", delivered), ("failed", failed)):
            sent.add_metric([state], count)
        return [
            sent,
            GaugeMetricFamily(
                "reelmill_webhook_lag_seconds", "How late the latest delivery is.", late_s
            ),
            GaugeMetricFamily(
                "reelmill_webhook_events_waiting", "Events no webhook was told of.", untold
            ),
        ]

    def _broadcasts(self) -> list[Metric]:
        n, watching = on_air.totals(self._pipeline.database, self._pipeline.audience)
        families: list[Metric] = [
            GaugeMetricFamily("reelmill_broadcasts", "Broadcasts that are on.", n)
        ]
        if watching is not None:
            viewers = GaugeMetricFamily("reelmill_viewers", "Who watches them.", labels=["kind"])
            for kind, count in watching.items():
                viewers.add_metric([kind], count)
            families.append(viewers)
        return families


class SocketGauges(Collector):
    """Reads the hub's counters at each scrape."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        """Yield one family per number."""
        numbers = self._hub.numbers()
        yield GaugeMetricFamily(
            "reelmill_websocket_clients", "Open websockets of this process.", numbers.clients
        )
        yield GaugeMetricFamily(
            "reelmill_websocket_lagged", "Backlogs dropped for a fresh snapshot.", numbers.lagged
        )
        yield GaugeMetricFamily(
            "reelmill_websocket_cut", "Sockets cut because they did not drain.", numbers.cut
        )


def metrics_blueprint(pipeline: Pipeline, hub: Hub, gate: DatabaseGate) -> Blueprint:
    """Build ``/metrics`` and the timing of every request, over a registry of their own."""
    blueprint = Blueprint("metrics", __name__)
    registry = new_registry()
    registry.register(PipelineGauges(pipeline, gate))
    registry.register(SocketGauges(hub))

    @blueprint.get("/metrics")
    def metrics() -> Response:
        text, content_type = exposition(registry)
        return Response(text, content_type=content_type)

    _time_requests(blueprint, registry)
    return blueprint


def _time_requests(blueprint: Blueprint, registry: CollectorRegistry) -> None:
    """Measure every request by route, never by address: ids would make endless series."""
    latency = Histogram(
        "reelmill_http_request_seconds",
        "Seconds until the answer began.",
        ["method", "route", "status"],
        registry=registry,
        buckets=LATENCY_BUCKETS_S,
    )

    def start() -> None:
        g.began = time.perf_counter()

    def stop(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unknown"
        method = request.method if request.method in _METHODS else "OTHER"
        took_s = time.perf_counter() - g.began if "began" in g else 0.0
        if not request.environ.get("reelmill.upgraded"):
            latency.labels(method, route, str(response.status_code)).observe(took_s)
            log.debug(
                "http.answered", method=method, path=unsigned(request.path), took_s=round(took_s, 4)
            )
        return response

    blueprint.before_app_request(start)
    blueprint.after_app_request(stop)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
