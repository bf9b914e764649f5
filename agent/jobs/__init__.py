"""Jobs of SageMaker as steps drive them: adopted or started, watched, explained when they fail, stopped when asked."""
