"""Statements out of LaTeX papers and Markdown notes, each with its place in the file."""

from cramf.formalize.documents.reading import MAX_DOCUMENT, Form, form_of, load_document, read_document
from cramf.formalize.documents.types import Document, Remark, Stated

__all__ = [
    "MAX_DOCUMENT",
    "Document",
    "Form",
    "Remark",
    "Stated",
    "form_of",
    "load_document",
    "read_document",
]
