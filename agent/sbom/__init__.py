"""Bills of materials of images: what they hold, in CycloneDX, each under its own digest."""
