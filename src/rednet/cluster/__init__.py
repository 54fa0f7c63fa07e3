"""Pictures that are not on this machine's disks: object stores and other places with a URL."""
