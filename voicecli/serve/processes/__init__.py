"""One server in several processes: who gets the next client, who is started again, how one is handed on."""
