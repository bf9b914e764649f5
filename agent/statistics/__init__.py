"""What a model's predictions say, and how surely: metrics, intervals and comparisons, by numpy and DuckDB."""
