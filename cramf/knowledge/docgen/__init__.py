"""The doc-gen4 builder: definitions, usages and the vocabulary from a folder of generated documentation."""
