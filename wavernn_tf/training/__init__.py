"""Training: losses in bits per sample, schedules, checkpoints, and the trainer."""
