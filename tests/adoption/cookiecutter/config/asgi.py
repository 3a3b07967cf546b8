"""For uvicorn."""

import os

from django.core.asgi import get_asgi_application

from kv.web.fast_lane import fast_lane

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
application = fast_lane(get_asgi_application())
