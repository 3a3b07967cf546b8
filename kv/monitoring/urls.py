"""Addresses for machines that watch the site: `path("", include("kv.monitoring.urls"))`.

Without the package prometheus-client there is no /metrics.
"""

from importlib.util import find_spec

from django.urls import path

from kv.monitoring import probes

urlpatterns = [
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
]
if find_spec("prometheus_client") is not None:
    from kv.monitoring import metrics

    urlpatterns.append(path("metrics", metrics.MetricsView.as_view(), name="metrics"))
