"""Settings over the preset `demo` of a network that trains in seconds."""

TINY = {
    "mel.n_mels": 20,
    "model.state_size": 32,
    "model.projection_size": 32,
    "model.conditioning.channels": 8,
    "pruning.begin_step": 2,
    "pruning.end_step": 6,
    "pruning.frequency": 2,
    "training.steps": 8,
    "training.eval_every": 2,
    "training.batch_size": 4,
    "training.window": 200,
    "training.carry_state": False,
    "training.eval_windows": 4,
}
