"""What is remembered: of a run on this machine (journal), of an app on its rack (ledger and lock)."""
