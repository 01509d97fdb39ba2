"""The Flask application over one pipeline. Who serves it is not known here."""

from collections.abc import Callable, Sequence

from flask import Blueprint, Flask, Response, g, request

from api.accounts import accounts_blueprint
from api.assets import assets_blueprint
from api.auth import auth_blueprint
from api.authentication import authenticator
from api.bodies import IdConverter
from api.broadcasts import broadcasts_blueprint
from api.checks import Check, DatabaseGate
from api.docs.routes import docs_blueprint
from api.entrance import Entrance
from api.fleet import fleet_blueprint
from api.fronts import fronts_blueprint
from api.health import health_blueprint
from api.jobs import DRY_RUN_WAIT_S, jobs_blueprint
from api.keys import keys_blueprint
from api.links import links_blueprint
from api.live import live_blueprint
from api.live_page import live_page_blueprint, watched_streams_blueprint
from api.login import login_blueprint
from api.media import media_blueprint
from api.metrics import metrics_blueprint
from api.on_air import on_air_blueprint
from api.once import register_once
from api.openapi.routes import describe, openapi_blueprint
from api.openapi.table import STREAMED
from api.origins import Origins, register_origins
from api.policy import enforce
from api.problems import register
from api.profiles import profiles_blueprint
from api.rates import register_rates
from api.restream import restream_blueprint
from api.sockets.hub import Hub
from api.sockets.routes import sockets_blueprint
from api.sockets.streams import stream_sockets_blueprint
from api.sockets.uploads import upload_sockets_blueprint
from api.start import start_blueprint
from api.stream_links import stream_links_blueprint
from api.stream_stats import stream_stats_blueprint
from api.streams import streams_blueprint
from api.texts import vary
from api.tickets import tickets_blueprint
from api.uploads import uploads_blueprint
from api.watch import watch_blueprint
from api.webhooks import webhooks_blueprint
from pipeline.bootstrap import Pipeline

#: What these addresses begin with needs the database.
_NEED_DATABASE = ("/api/", "/hooks/", "/media/", "/watch/", "/live", "/login", "/logout")


def create_app(
    pipeline: Pipeline,
    *,
    dry_run_wait_s: float = DRY_RUN_WAIT_S,
    doors: Sequence[Blueprint] = (),
) -> Flask:
    """Build the application; ``app.extensions["reelmill.close_sockets"]`` ends its websockets.

    A dry run waits for an unknown source's facts up to ``dry_run_wait_s``. ``doors`` are where
    media come in besides, so that who may ask and how errors look is said once.
    """
    hub = Hub(pipeline.database, pipeline.bus, capacity=pipeline.settings.websocket_clients)
    database = Check(pipeline.database.check)
    gate = DatabaseGate(database)
    app = Flask(__name__, static_folder=None)
    app.url_map.converters["id"] = IdConverter
    # An unknown address is an unknown address: no redirects that would lose a body.
    app.url_map.strict_slashes = False
    app.extensions["reelmill.close_sockets"] = hub.close
    register(app)
    # Before the guards, so that what they refuse is measured too.
    app.register_blueprint(metrics_blueprint(pipeline, hub, gate))
    origins = register_origins(app, pipeline.settings)
    rates = register_rates(app, pipeline)
    app.before_request(rates.count_tries)
    app.before_request(_guard_database(gate))
    app.before_request(authenticator(pipeline))
    app.before_request(rates.count)
    app.before_request(enforce)
    register_once(app, pipeline.database, STREAMED)
    app.after_request(_headers)
    for blueprint in (
        *_resources(pipeline),
        jobs_blueprint(pipeline, dry_run_wait_s=dry_run_wait_s),
        health_blueprint(pipeline, database),
        *_sockets(pipeline, hub, origins),
        fronts_blueprint(pipeline, rates),
        openapi_blueprint(),
        docs_blueprint(describe),
        *doors,
        *_people(pipeline),
    ):
        app.register_blueprint(blueprint)
    return app


def _resources(pipeline: Pipeline) -> tuple[Blueprint, ...]:
    """Build what needs the pipeline and nothing else."""
    return (
        assets_blueprint(pipeline),
        fleet_blueprint(pipeline),
        profiles_blueprint(pipeline),
        webhooks_blueprint(pipeline),
        streams_blueprint(pipeline),
        restream_blueprint(pipeline),
        broadcasts_blueprint(pipeline),
        on_air_blueprint(pipeline),
        stream_stats_blueprint(pipeline),
        tickets_blueprint(pipeline),
        media_blueprint(pipeline),
        links_blueprint(pipeline),
        stream_links_blueprint(pipeline),
        uploads_blueprint(pipeline.database),
        watch_blueprint(pipeline),
        live_page_blueprint(pipeline),
        live_blueprint(pipeline),
        watched_streams_blueprint(pipeline),
    )


def _sockets(pipeline: Pipeline, hub: Hub, origins: Origins) -> tuple[Blueprint, ...]:
    """Make the websockets; all their clients sit in one hub."""
    return (
        upload_sockets_blueprint(pipeline, hub, origins),
        stream_sockets_blueprint(pipeline, hub, origins),
        sockets_blueprint(pipeline, hub, origins),
    )


def _people(pipeline: Pipeline) -> tuple[Blueprint, ...]:
    """Make what lets people and apps in; passwords tried anywhere are counted together."""
    entrance = Entrance(pipeline)
    return (
        auth_blueprint(pipeline, entrance),
        login_blueprint(pipeline, entrance),
        start_blueprint(pipeline),
        accounts_blueprint(pipeline),
        keys_blueprint(pipeline),
    )


def _guard_database(gate: DatabaseGate) -> Callable[[], None]:
    """Refuse early what would only wait for a database that is away."""

    def guard() -> None:
        # The description needs no database.
        if request.endpoint in {"openapi.description", "docs.page"}:
            return
        if request.path == "/" or request.path.startswith(_NEED_DATABASE):
            gate.pass_through()

    return guard


def _headers(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    if "request_id" in g:
        response.headers["X-Request-Id"] = g.request_id
    if request.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "no-store")
        vary(response)
    return response
