"""Named sets of wishes: YAML files that come with Reelmill, and a folder of the operator's own."""

from pipeline.profiles.catalogue import Catalogue, built_in, check, load

__all__ = ["Catalogue", "built_in", "check", "load"]
