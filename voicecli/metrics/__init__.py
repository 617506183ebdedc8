"""What a talk counts, and the page where Prometheus and its like read it."""
