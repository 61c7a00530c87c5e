"""MIDI: knobs, pads and the clock of a controller play the desk, and its lights follow."""
