"""The HTTP routes of units and crews, by noun: parse, authorise, call the service, answer."""
