"""What every form of a voice shares: its arrays, its description, the check of its input."""
