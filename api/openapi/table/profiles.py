"""Profiles."""

from typing import Final

from api.openapi.operation import Answer, Operation, Tag
from schemas.http import ProfileList
from schemas.profile import Profile

PROFILES: Final = (
    Operation(
        "profiles.listing",
        "GET",
        Tag.PROFILES,
        "List what jobs can be asked to make",
        answers=(Answer(200, "All profiles, by name.", ProfileList),),
    ),
    Operation(
        "profiles.one",
        "GET",
        Tag.PROFILES,
        "Show a profile",
        answers=(Answer(200, "The profile.", Profile),),
        problems={404: ("profile.unknown",)},
    ),
)
