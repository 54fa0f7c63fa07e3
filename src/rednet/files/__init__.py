"""Pictures in files: one, many, large ones that stream, and the ledger of what is done."""
