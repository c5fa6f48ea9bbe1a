"""Recorded audio to training data: corpora, decoding, features, records, tf.data.

Installed, and to be imported, as `wavernn_tf.pipelines`.
"""
