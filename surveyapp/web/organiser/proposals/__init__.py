"""Proposals of new items: the list, what is alike, items made of them, and the spreadsheet."""
