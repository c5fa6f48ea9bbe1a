"""`python -m wavernn_tf.cli`, for a checkout that is not installed."""

from wavernn_tf.cli import main

main()
