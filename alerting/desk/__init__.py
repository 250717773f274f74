"""The helpdesk's side: tickets, their states, targets and text."""
