"""What is known, as JSON: the documents that commands print, the API answers with, and pages are made of."""
