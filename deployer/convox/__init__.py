"""The adapter: a rack as the Convox CLI shows it. Child processes in, the engine's models and errors out."""
