"""Profiles."""

from typing import Final

from api.openapi.operation import ETAG, LOCATION, UNCHANGED, Answer, Operation, Tag, nothing
from schemas.http import ProfileList
from schemas.profile import Profile
from schemas.profile_writing import NewProfile, ProfileWritten

_ABOUT: Final = (
    "What is not written comes from `extends`, as that profile is now: groups are merged, lists"
    " replaced. Those of files are read-only. A watermark comes as `png_base64`."
)

PROFILES: Final = (
    Operation(
        "profiles.listing",
        "GET",
        Tag.PROFILES,
        "List what jobs can be asked to make",
        answers=(Answer(200, "All profiles, by name.", ProfileList, headers=(ETAG,)), UNCHANGED),
    ),
    Operation(
        "profiles.one",
        "GET",
        Tag.PROFILES,
        "Show a profile",
        answers=(Answer(200, "The profile.", Profile, headers=(ETAG,)), UNCHANGED),
        problems={404: ("profile.unknown",)},
    ),
    Operation(
        "profiles.create",
        "POST",
        Tag.PROFILES,
        "Add a profile",
        answers=(Answer(201, "The profile.", Profile, headers=(LOCATION,)),),
        body=NewProfile,
        problems={
            400: ("profile.invalid", "profile.unknown"),
            409: (
                "profile.exists",
                "profile.read_only",
                "profile.not_encodable",
                "profile.too_many",
            ),
        },
        about=_ABOUT,
        example={"name": "short", "extends": "default", "segment_s": 2},
    ),
    Operation(
        "profiles.put",
        "PUT",
        Tag.PROFILES,
        "Add or replace a profile",
        answers=(
            Answer(200, "The profile, replaced.", Profile, headers=(ETAG,)),
            Answer(201, "The profile, new.", Profile, headers=(ETAG, LOCATION)),
        ),
        body=ProfileWritten,
        is_matched=True,
        problems={
            400: ("profile.invalid", "profile.unknown"),
            409: ("profile.read_only", "profile.not_encodable", "profile.too_many"),
        },
        about=f"{_ABOUT} `If-None-Match: *` adds and replaces nothing.",
        example={"extends": "default", "audio": {"bitrate_bps": 96000}},
    ),
    Operation(
        "profiles.delete",
        "DELETE",
        Tag.PROFILES,
        "Delete a profile",
        answers=(nothing(204, "It is gone; jobs keep what they were asked with."),),
        is_matched=True,
        problems={404: ("profile.unknown",), 409: ("profile.read_only",)},
    ),
)
