"""What deployer knows and decides: pure, standard library only. No I/O, no clock, no randomness."""
