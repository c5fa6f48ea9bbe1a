"""TF Serving's configuration messages, those that its Python package leaves out included."""

from pathlib import Path

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,  # noqa: F401 (registers what BatchingParameters refers to)
)

KINDS = descriptor_pb2.FieldDescriptorProto


def message(name, *fields):
    """A message of TF Serving by its fields: (name, number, label, type, name of a message)."""
    pool = descriptor_pool.Default()
    full = f"tensorflow.serving.{name}"
    try:
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(full))
    except KeyError:
        pass
    file = descriptor_pb2.FileDescriptorProto(
        name=f"stand_in_{name}.proto", package="tensorflow.serving", syntax="proto3"
    )
    file.dependency.append("google/protobuf/wrappers.proto")
    if name == "MonitoringConfig":
        file.dependency.append("stand_in_PrometheusConfig.proto")
    described = file.message_type.add(name=name)
    for field, number, label, kind, of in fields:
        described.field.add(name=field, number=number, label=label, type=kind, type_name=of)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(full))


def batching_parameters():
    """`BatchingParameters` of session_bundle_config.proto."""

    def wrapped(name, number, of="Int64Value"):
        of = f".google.protobuf.{of}"
        return name, number, KINDS.LABEL_OPTIONAL, KINDS.TYPE_MESSAGE, of

    return message(
        "BatchingParameters",
        wrapped("max_batch_size", 1),
        wrapped("batch_timeout_micros", 2),
        wrapped("max_enqueued_batches", 3),
        wrapped("num_batch_threads", 4),
        wrapped("thread_pool_name", 5, "StringValue"),
        ("allowed_batch_sizes", 6, KINDS.LABEL_REPEATED, KINDS.TYPE_INT64, None),
        ("pad_variable_length_inputs", 7, KINDS.LABEL_OPTIONAL, KINDS.TYPE_BOOL, None),
    )


def monitoring_config():
    """`MonitoringConfig` of monitoring_config.proto."""
    message(
        "PrometheusConfig",
        ("enable", 1, KINDS.LABEL_OPTIONAL, KINDS.TYPE_BOOL, None),
        ("path", 2, KINDS.LABEL_OPTIONAL, KINDS.TYPE_STRING, None),
    )
    of = ".tensorflow.serving.PrometheusConfig"
    field = "prometheus_config", 1, KINDS.LABEL_OPTIONAL, KINDS.TYPE_MESSAGE, of
    return message("MonitoringConfig", field)


def read_batching(path):
    """The `BatchingParameters` of a file."""
    return text_format.Parse(Path(path).read_text(), batching_parameters()())
