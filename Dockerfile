# The site as an image: `docker build -t countinghouse .` (docs/deploy.md). It runs as a user without rights, with a
# read-only root file system: everything that it writes is below /data.
FROM python:3.13-slim-bookworm AS build

WORKDIR /app
COPY requirements.txt ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

COPY . .
# Catalogues and static files. The keys that the settings make for themselves are thrown away in the same layer.
RUN find . -name '*.po' -exec sh -c '/opt/venv/bin/pybabel --quiet compile -i "$1" -o "${1%.po}.mo"' _ {} \; \
    && DJANGO_SETTINGS_MODULE=config.settings DATA_DIR=/tmp/build STATIC_ROOT=/app/staticfiles REDIS_URL=redis://unused CACHE_URL=locmem:// \
       /opt/venv/bin/python -c 'import django; django.setup(); from config.static_files import collect_static; collect_static()' \
    && rm -rf /tmp/build \
    && /opt/venv/bin/python -m compileall -q /opt/venv /app


FROM python:3.13-slim-bookworm

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=config.settings \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data \
    STATIC_ROOT=/app/staticfiles

RUN useradd --system --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin countinghouse \
    && install -d -m 0700 -o countinghouse -g countinghouse /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app

WORKDIR /app
USER 10001:10001
VOLUME ["/data"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=4)"]
# The process with number 1 takes the signals and hands them to the processes that it started. `serve --web-only` and
# `work` are its two halves.
CMD ["python", "manage.py", "serve"]
