"""Named sets of wishes: YAML files that come with Reelmill, and a folder of the operator's own."""

from pipeline.profiles.catalogue import Catalogue, built_in, check, load
from pipeline.profiles.living import LivingCatalogue, checked

__all__ = ["Catalogue", "LivingCatalogue", "built_in", "check", "checked", "load"]
