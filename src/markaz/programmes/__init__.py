"""One room per programme of the centre; none imports another."""
