"""Proposals of new items: gathered from closed rounds, grouped, made into items, covered or set aside."""
