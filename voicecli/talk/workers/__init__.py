"""Workers that sleep on an inbox, carry out orders and report what came of them: scribe, judge, author."""
