"""Two runs side by side: from which step they differ, and why."""
