"""Channels, the learned ranker and the retriever."""
