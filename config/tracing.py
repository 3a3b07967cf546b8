"""Sends traces to an OpenTelemetry collector, when OTEL_EXPORTER_OTLP_ENDPOINT names one."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured


def send_traces() -> None:
    """Set up the SDK, which reads its own variables (`OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`, …).

    Raises ImproperlyConfigured without its packages.
    """
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ImproperlyConfigured(
            "OTEL_EXPORTER_OTLP_ENDPOINT: install opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http"
        ) from error
    provider = TracerProvider(resource=Resource.create({"service.name": "countinghouse"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
