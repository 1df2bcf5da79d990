"""Reviews: a sample of the looks of each day, judged by a person who does not see whose they were."""
