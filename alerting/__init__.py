"""What a reading means and who hears of it: pure decisions, no clock, no disk, no network."""
