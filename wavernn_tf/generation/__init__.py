"""The step equations, and the samplers made of them."""
