"""The Flask application over one pipeline. Who serves it is not known here."""

from flask import Flask, Response, g, request

from api.assets import assets_blueprint
from api.bodies import IdConverter
from api.fleet import fleet_blueprint
from api.health import health_blueprint
from api.jobs import DRY_RUN_WAIT_S, jobs_blueprint
from api.media import media_blueprint
from api.metrics import metrics_blueprint
from api.problems import register
from api.sockets.hub import Hub
from api.sockets.routes import check_origin, sockets_blueprint
from api.watch import watch_blueprint
from pipeline.bootstrap import Pipeline


def create_app(pipeline: Pipeline, *, dry_run_wait_s: float = DRY_RUN_WAIT_S) -> Flask:
    """Build the application; ``app.extensions["reelmill.close_sockets"]`` ends its websockets.

    A dry run waits for an unknown source's facts up to ``dry_run_wait_s``.
    """
    app = Flask(__name__, static_folder=None)
    app.url_map.converters["id"] = IdConverter
    # An unknown address is an unknown address: no redirects that would lose a body.
    app.url_map.strict_slashes = False
    hub = Hub(pipeline.database, pipeline.bus, capacity=pipeline.settings.websocket_clients)
    app.extensions["reelmill.close_sockets"] = hub.close
    register(app)
    app.before_request(_guard_writes)
    app.after_request(_headers)
    app.register_blueprint(jobs_blueprint(pipeline, dry_run_wait_s=dry_run_wait_s))
    _mount(app, pipeline, hub)
    return app


def _mount(app: Flask, pipeline: Pipeline, hub: Hub) -> None:
    app.register_blueprint(assets_blueprint(pipeline))
    app.register_blueprint(fleet_blueprint(pipeline))
    app.register_blueprint(health_blueprint(pipeline))
    app.register_blueprint(metrics_blueprint(pipeline, hub))
    app.register_blueprint(sockets_blueprint(pipeline.database, hub))
    app.register_blueprint(media_blueprint(pipeline))
    app.register_blueprint(watch_blueprint(pipeline))


def _guard_writes() -> None:
    """Let no other site's page change anything through a visitor's browser."""
    if request.method not in {"GET", "HEAD", "OPTIONS"}:
        check_origin()


def _headers(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    if "request_id" in g:
        response.headers["X-Request-Id"] = g.request_id
    if request.path.startswith("/api/"):
        response.headers["Cache-Control"] = "no-store"
    return response
