"""The routes of the service, and what they take and give."""
