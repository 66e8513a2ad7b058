"""Developers' scripts; nothing here is part of the distribution."""
