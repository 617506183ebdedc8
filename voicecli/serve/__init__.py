"""The same conversation for other programs: a server of OpenAI's Realtime protocol."""
