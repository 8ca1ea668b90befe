"""The use cases that move images: plan, proof, apply."""
