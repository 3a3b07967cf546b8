"""Scripts that several apps' tags bring into the head of one page."""

from __future__ import annotations

from django.template.context import Context


def is_first_on_page(context: Context, script: str) -> bool:
    """Whether no tag of this template, and of those that it extends, has linked the script before.

    Within `{% include %}` a tag knows nothing of those outside: a script that comes twice must do no harm.
    """
    linked = context.render_context.setdefault(f"kv-script-{script}", False)
    context.render_context[f"kv-script-{script}"] = True
    return not linked
