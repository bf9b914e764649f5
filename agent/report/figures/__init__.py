"""Pictures of what a model predicts: curves, histograms and slices, each as SVG for light and for dark."""
