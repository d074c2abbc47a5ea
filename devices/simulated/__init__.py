"""A performer and sensors that exist only as code: the demo, the tests and motion files as sensor takes."""
