"""What vmdsl needs of the machine it runs on, and what to do where that is missing."""
