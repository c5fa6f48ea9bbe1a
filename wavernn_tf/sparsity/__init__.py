"""Block pruning during training (the paper's section 3), and what it leaves."""
