"""The offline SQL artifact: a bundle of guarded SQL files that a DBA reviews and applies. Above migration.

`runner upgrade` imports none of this.
"""
