# syntax=docker/dockerfile:1
# Two stages from one base: the first builds the index with torch, the second serves it without.
# The base needs Python 3.11 or later with venv; any Debian with python3 and python3-venv will do.
ARG BASE_IMAGE=python:3.11-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY index index
RUN python3 -m venv /opt/serve && /opt/serve/bin/pip install --no-cache-dir . \
    && find /opt/serve -name __pycache__ -prune -exec rm -rf {} + \
    && /opt/serve/bin/pip uninstall --yes pip
# On Linux, PyPI's torch carries CUDA; --build-arg PIP_INDEX_URL=… names an index with CPU builds.
ARG PIP_INDEX_URL
RUN python3 -m venv /opt/build && /opt/build/bin/pip install --no-cache-dir '.[build]'
COPY knowledge knowledge
RUN HF_HUB_OFFLINE=1 /opt/build/bin/partnership-bot build --knowledge knowledge --data /seed

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="partnership-bot" \
      org.opencontainers.image.description="Answers questions about the UK–Kazakhstan critical-minerals partnership by quoting curated passages." \
      org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --create-home --home-dir /data bot
COPY --from=build /opt/serve /opt/serve
COPY --from=build --chown=10001:10001 /seed /data
USER 10001
WORKDIR /data
ENV PATH=/opt/serve/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BOT_DATA_DIR=/data HF_HUB_OFFLINE=1
VOLUME /data
HEALTHCHECK --interval=60s --timeout=20s --start-period=30s CMD ["partnership-bot", "status"]
ENTRYPOINT ["partnership-bot"]
CMD ["run"]
