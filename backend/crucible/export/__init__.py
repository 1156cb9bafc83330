"""What other systems are told of runs, in their own formats."""
