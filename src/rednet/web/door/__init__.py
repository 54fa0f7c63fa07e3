"""Who is let in: connections, bodies of requests, tokens."""
