# The image of service/: everything that compiles stays in the first stage.
FROM python:3.12-slim AS build

# no version pinned: Debian keeps only the newest one, and nothing of it reaches the image that ships
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential \
 && rm -rf /var/lib/apt/lists/*

# Without pip of its own: what ships cannot install anything into itself.
RUN python -m venv --without-pip /opt/venv
COPY service/requirements.txt /tmp/requirements.txt
RUN python -m pip --python /opt/venv/bin/python install \
      --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/requirements.txt


FROM python:3.12-slim

# Numeric below, so that a cluster can tell that it is not root.
RUN groupadd --gid 10001 api \
 && useradd --uid 10001 --gid api --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin api

COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

WORKDIR /app
COPY --chown=10001:10001 service ./service

# Which build this is, as deployer passed it: unlike RELEASE it cannot change under a running image.
# Late, so that a new stamp rebuilds nothing above. Never a secret: it stays in the image's history.
ARG DEPLOYER_STAMP=""
ENV DEPLOYER_STAMP=$DEPLOYER_STAMP

USER 10001:10001
EXPOSE 8000
CMD ["gunicorn", "-c", "service/gunicorn.conf.py", "service.app:app"]
