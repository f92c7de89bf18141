"""deployer: takes a checkout to proven in production on a Convox rack."""

__version__ = "0.1.0"
