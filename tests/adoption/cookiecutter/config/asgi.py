"""For uvicorn."""

import os

from django.core.asgi import get_asgi_application

from kv.web import fast_lane

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
application = fast_lane(get_asgi_application())
