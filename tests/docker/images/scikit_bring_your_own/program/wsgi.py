"""What gunicorn imports."""

import predictor

app = predictor.app
