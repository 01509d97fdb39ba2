"""Our API alone, with no worker beside it: ``python -m tests.support.door_process FORM``.

FORM is ``embedded`` or ``gunicorn``; the settings come from the environment as ever.
"""

import sys

from api.serving import serve_embedded, serve_gunicorn
from compose.http import application
from pipeline.bootstrap import build
from pipeline.settings import Settings
from pipeline.telemetry import setup_logging


def main(form: str) -> None:
    """Serve until killed."""
    settings = Settings(_env_file=None)
    setup_logging(settings)
    if form == "gunicorn":
        serve_gunicorn(lambda: application(build(settings)), settings)
    else:
        app = application(build(settings))
        serve_embedded(app, settings.http_host, settings.http_port).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
