"""The model of a run as read and of a report as written: everything else meets here."""
