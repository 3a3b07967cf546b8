"""Work for Celery."""

from celery import shared_task

from usertokens.services import spend_tokens


@shared_task
def write_article(user_id: str, key: str) -> None:
    """Spends in Celery's process, once however often it is delivered."""
    spend_tokens(user_id, 7, reason="article by Celery", key=key)
