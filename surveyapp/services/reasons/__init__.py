"""Written reasons on their way to the panel, and what the panel says about them.

gathering → handling, coding, summarising → covering → (release) → discussing.
"""
