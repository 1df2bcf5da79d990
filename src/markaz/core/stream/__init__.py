"""The live stream: what of the log each recipient may see, as finished frames. Routes only write the bytes."""
