"""The one table of operations, by topic; ``operation.py`` tells how to add to it."""

from typing import Final

from api.openapi.operation import Operation, Raw
from api.openapi.table.accounts import ACCOUNTS, AUTH, KEYS
from api.openapi.table.assets import ASSETS
from api.openapi.table.events import EVENTS
from api.openapi.table.fleet import FLEET
from api.openapi.table.fronts import FRONTS
from api.openapi.table.jobs import JOBS
from api.openapi.table.operating import OPERATING
from api.openapi.table.playback import PLAYBACK
from api.openapi.table.profiles import PROFILES
from api.openapi.table.restream import RESTREAM
from api.openapi.table.streams import BROADCASTS, STREAMS
from api.openapi.table.uploads import UPLOADS
from api.openapi.table.webhooks import WEBHOOKS

OPERATIONS: Final[tuple[Operation, ...]] = (
    *ASSETS,
    *UPLOADS,
    *JOBS,
    *PROFILES,
    *STREAMS,
    *RESTREAM,
    *BROADCASTS,
    *FRONTS,
    *WEBHOOKS,
    *EVENTS,
    *FLEET,
    *PLAYBACK,
    *AUTH,
    *KEYS,
    *ACCOUNTS,
    *OPERATING,
)

#: Endpoints whose bodies are taken as they come, however large.
STREAMED: Final = frozenset(one.endpoint for one in OPERATIONS if isinstance(one.body, Raw))
