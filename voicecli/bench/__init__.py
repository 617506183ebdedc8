"""How fast and how well a talk goes, measured."""
