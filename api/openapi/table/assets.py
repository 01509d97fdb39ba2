"""Assets."""

from typing import Final

from api.bodies import AssetListQuery, UploadQuery
from api.openapi.operation import LINK, LOCATION, RAW, Answer, Operation, Tag, nothing
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
        answers=(Answer(200, "One page.", AssetPage, headers=(LINK,)),),
        query=AssetListQuery,
        problems={400: ("request.cursor",)},
    ),
    Operation(
        "assets.one",
        "GET",
        Tag.ASSETS,
        "Show an asset",
        answers=(Answer(200, "The asset.", AssetView),),
        problems={404: ("asset.not_found",)},
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
        answers=(nothing(204, "It is gone; running work on it stops within a heartbeat."),),
        problems={404: ("asset.not_found",)},
    ),
)
