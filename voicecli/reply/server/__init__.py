"""A language model behind an OpenAI-compatible server: asked, asked again, understood."""
