"""Container images: assembled from layers, addressed by digest, pushed to and pulled from registries."""
