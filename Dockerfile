# Retouch as a container: `docker build -t retouch .`, and with the FLUX engine `docker build --target gpu -t retouch:gpu .`
#
# The tags below move with security fixes. To build the same image twice, pin the base by digest:
#   docker buildx imagetools inspect python:3.12-slim-bookworm     prints it, then
#   docker build --build-arg PYTHON_IMAGE=python:3.12-slim-bookworm@sha256:DIGEST .
#
# Python 3.12, not newer: the package that carries the weights of the cut-outs is for versions below 3.13 (docs/adr/0003).
ARG PYTHON_IMAGE=python:3.12-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ARG EXTRAS=postgres,telemetry,c2pa
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python3 -m venv /opt/retouch
# First what Retouch needs, so that a change of its own files builds one small layer anew.
COPY pyproject.toml ./
RUN python3 -c "import os, tomllib; \
project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
extras = [project['optional-dependencies'][name] for name in os.environ['EXTRAS'].split(',')]; \
print(*project['dependencies'], *sum(extras, []), sep='\n')" > requirements.txt \
    && /opt/retouch/bin/pip install --requirement requirements.txt
COPY README.md LICENSE CHANGELOG.md CONTRIBUTING.md SECURITY.md ./
COPY docs docs
COPY src src
RUN /opt/retouch/bin/pip install --no-deps . && /opt/retouch/bin/retouch --help > /dev/null

FROM build AS build-gpu
ARG FLUX_EXTRAS=flux,flux-fast
# An index of wheels for another CUDA or ROCm than that of the usual ones; empty for the usual ones.
ARG TORCH_INDEX_URL=""
RUN /opt/retouch/bin/pip install ${TORCH_INDEX_URL:+--extra-index-url "$TORCH_INDEX_URL"} ".[${FLUX_EXTRAS}]"

FROM ${PYTHON_IMAGE} AS base
ARG REVISION=unknown
ARG VERSION=unknown
LABEL org.opencontainers.image.title="Retouch" \
      org.opencontainers.image.description="Edit a photo by a sentence, and keep every other pixel exactly as it was." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# tini, since a worker that is killed leaves decoder children behind: the first process of a container has to reap them.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/retouch --shell /usr/sbin/nologin retouch \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/retouch
ENV PATH=/opt/retouch/bin:$PATH \
    HOME=/var/lib/retouch \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RETOUCH_SERVER__HOST=0.0.0.0 \
    RETOUCH_STORAGE__DATA_DIR=/var/lib/retouch
# By number, so that Kubernetes can see that it is not root. Nothing but the volume and /tmp is ever written.
USER 10001:10001
WORKDIR /var/lib/retouch
VOLUME /var/lib/retouch
EXPOSE 8000
STOPSIGNAL SIGTERM
# Liveness alone: a full queue or a missing worker is no reason to start a server again.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python3", "-c", "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('RETOUCH_SERVER__PORT', 8000)), timeout=4); c.request('GET', '/health'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["tini", "--", "retouch"]
CMD ["serve"]

FROM base AS gpu
# The compiled presets (flux.preset) build kernels when they start, which takes a C compiler.
USER 0:0
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY --from=build-gpu /opt/retouch /opt/retouch
# Read by the NVIDIA container runtime.
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 10001:10001

FROM base AS cpu
COPY --from=build /opt/retouch /opt/retouch
