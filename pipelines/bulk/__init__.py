"""Synthesis and preparation of many files as Apache Beam pipelines, on any of Beam's runners.

Needs the extra `[beam]`. What workers run is code of these modules; they import TensorFlow when
they need it. Inputs and outputs lie in folders that every worker sees under one name.
"""
