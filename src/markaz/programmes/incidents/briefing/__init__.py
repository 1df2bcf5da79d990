"""The room of the briefing: daily summaries that come out the same at any later time, and handovers between officers."""
