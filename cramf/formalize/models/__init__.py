"""Language models behind one protocol: OpenAI-compatible servers, local ones, and recorded answers."""
