"""The data model: a run as read, a report as written. Readers fill the one, outputs show the other."""
