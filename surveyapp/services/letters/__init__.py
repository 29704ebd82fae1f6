"""Letters to the panel: what they say, who gets one, and how each goes out once.

Nothing of a letter but what it is about is stored before it goes: address, link and text are put together
when it is handed over, after looking once more whether the person still should get it.
"""
