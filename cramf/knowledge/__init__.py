"""The concept knowledge base: records, builders, ontology and store."""
