"""A case that makes its own disk."""

from vmdsl import *
