"""``/api/profiles``: what jobs can be asked to make; operators add their own."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Blueprint, Response

from api.bodies import answer, body, nothing
from api.etags import is_current
from api.once import claim
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import Conflict, InvalidRequest, NotFound
from pipeline.profiles import LivingCatalogue, checked
from pipeline.services import profiles
from schemas.http import ProfileList
from schemas.profile_writing import NewProfile, ProfileBase, ProfileWritten, Values, values_of


def profiles_blueprint(pipeline: Pipeline) -> Blueprint:
    """Build the routes over one pipeline."""
    blueprint = Blueprint("profiles", __name__, url_prefix="/api/profiles")
    known = pipeline.profiles

    @blueprint.get("")
    def listing() -> Response:
        return answer(ProfileList(items=tuple(known)), is_tagged=True)

    @blueprint.get("/<id:name>")
    def one(name: str) -> Response:
        with _in_an_address():
            return answer(known.get(name), is_tagged=True)

    @blueprint.post("")
    def create() -> Response:
        written = body(NewProfile)
        name = str(written.model_dump()["name"])
        values = _values(known, name, written)
        profiles.create(pipeline.database, checked(name, values), values, claim=claim())
        return answer(known.get(name), 201, location=f"/api/profiles/{name}")

    @blueprint.put("/<id:name>")
    def put(name: str) -> Response:
        values = _values(known, name, body(ProfileWritten))
        profile, seen = checked(name, values), is_current()
        is_new = profiles.put(pipeline.database, profile, values, is_current=seen)
        location = f"/api/profiles/{name}" if is_new else None
        return answer(profile, 201 if is_new else 200, location=location, is_tagged=True)

    @blueprint.delete("/<id:name>")
    def delete(name: str) -> Response:
        _refuse_file(known, name)
        profiles.remove(pipeline.database, name, is_current=is_current())
        return nothing()

    return blueprint


@contextmanager
def _in_an_address() -> Iterator[None]:
    """Take an unknown name for something that is not there: in a job it is a wrong wish."""
    try:
        yield
    except InvalidRequest as error:
        code = error.instance_code
        raise NotFound(error.detail, code=code, remedy=error.remedy) from None


def _values(known: LivingCatalogue, name: str, written: ProfileBase) -> Values:
    _refuse_file(known, name)
    return known.whole(values_of(written), written.extends)


def _refuse_file(known: LivingCatalogue, name: str) -> None:
    if known.is_file(name):
        raise Conflict(
            f"The profile {name!r} comes with Reelmill or from the folder of profiles.",
            code="profile.read_only",
            remedy="Give yours another name; `extends` takes over what that one says.",
        )
