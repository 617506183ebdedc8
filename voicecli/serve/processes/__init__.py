"""From settings to a server, also in several processes: who gets the next client, who is started again."""
