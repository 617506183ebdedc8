"""Formulas, in LaTeX or in signs -> words."""
