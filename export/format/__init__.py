"""The format of the exported weights: packed matrices, and the op's list of inputs."""
