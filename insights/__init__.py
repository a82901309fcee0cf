"""What people ask of the data: value stream maps."""
