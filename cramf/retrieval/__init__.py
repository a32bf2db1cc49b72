"""Channels, fusion and the retriever."""
