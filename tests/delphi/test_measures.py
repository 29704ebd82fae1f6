"""The numbers that rules compare: one for every name, exact, on published and hand-made cases."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

