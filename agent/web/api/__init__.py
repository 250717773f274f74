"""`/api/v1`: what pages and commands do, for programs; imported only when serving."""
