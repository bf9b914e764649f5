"""What is inside of an image: its layers are read once, as a stream, for what package managers noted in them."""
