"""What a ship and a rollback do, step by step, over ports. Synchronous, single-threaded, on a `Clock`."""
