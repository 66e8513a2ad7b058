"""Many targets in one run: the list, the shares, the schedule, the manifest and the worker processes (ADR 20)."""
