"""Reports of evaluations: a page for the browser, Markdown and CSV, from the folders that runs leave."""
