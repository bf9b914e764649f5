"""Gates: what becomes of a verdict, who may override it, and the gates that a model repository brings itself."""
