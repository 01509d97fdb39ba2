"""Assets."""

from typing import Final

from api.bodies import UploadQuery
from api.listing import AssetListQuery
from api.openapi.operation import (
    ETAG,
    LINK,
    LOCATION,
    RAW,
    UNCHANGED,
    Answer,
    Operation,
    Tag,
    nothing,
)
from schemas.edits import AssetPatch
from schemas.http import AssetPage, AssetView, CertificateView

ASSETS: Final = (
    Operation(
        "assets.upload",
        "POST",
        Tag.ASSETS,
        "Hand a file in",
        answers=(Answer(201, "The asset; it waits for a job.", AssetView, headers=(LOCATION,)),),
        body=RAW,
        query=UploadQuery,
        problems={
            400: ("upload.stalled", "upload.incomplete"),
            422: ("media.empty",),
            429: ("quota.bytes", "quota.minutes"),
            503: ("unavailable.storage",),
            507: ("storage.full",),
        },
        about="The body is the file as it is, streamed, with or without a length.",
    ),
    Operation(
        "assets.listing",
        "GET",
        Tag.ASSETS,
        "List assets, newest first",
        answers=(Answer(200, "One page.", AssetPage, headers=(ETAG, LINK)), UNCHANGED),
        query=AssetListQuery,
        problems={400: ("request.cursor",)},
    ),
    Operation(
        "assets.one",
        "GET",
        Tag.ASSETS,
        "Show an asset",
        answers=(Answer(200, "The asset.", AssetView, headers=(ETAG,)), UNCHANGED),
        problems={404: ("asset.not_found",)},
    ),
    Operation(
        "assets.change",
        "PATCH",
        Tag.ASSETS,
        "Change what is said of an asset",
        is_matched=True,
        answers=(Answer(200, "The asset.", AssetView, headers=(ETAG,)),),
        body=AssetPatch,
        problems={404: ("asset.not_found",)},
        about="What is not given stays; `metadata` is replaced whole.",
        example={"metadata": {"order": "7"}, "playback": "private"},
    ),
    Operation(
        "assets.certificate",
        "GET",
        Tag.ASSETS,
        "Show how far an asset is proven",
        answers=(Answer(200, "What was compared, and the verdict.", CertificateView),),
        problems={404: ("asset.not_found", "certificate.not_found")},
    ),
    Operation(
        "assets.delete",
        "DELETE",
        Tag.ASSETS,
        "Delete an asset with everything made of it",
        is_matched=True,
        answers=(nothing(204, "It is gone; running work on it stops within a heartbeat."),),
        problems={404: ("asset.not_found",)},
    ),
)
