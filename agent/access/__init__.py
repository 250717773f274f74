"""Who may do what on the pages and through the API: people, tokens, sessions, and what was done."""
