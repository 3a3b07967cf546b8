"""A project as the known cookiecutters make it: settings in a package, Celery, ASGI, users of its own kind."""

from config.celery import app as celery_app

__all__ = ("celery_app",)
