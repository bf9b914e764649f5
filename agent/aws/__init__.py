"""AWS as modelyard uses it: sessions, and one file per service; the only room that imports boto3."""
