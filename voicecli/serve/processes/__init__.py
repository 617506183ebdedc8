"""One server in several processes: who takes the next client, who is started again, how a client is handed on."""
