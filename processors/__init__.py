"""Flow events to visits and measurements: pure derivations, and the one Faust application that drives them."""
