# Two stages from one base: the first builds the index with torch, the second serves it without.
# The base needs Python 3.11 or later with venv; any Debian with python3 and python3-venv will do.
ARG BASE_IMAGE=python:3.11-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /src
# Settings of pip: a mirror, and an index beside it. On Linux, PyPI's torch needs the CUDA libraries of index/cuda.txt;
# --build-arg PIP_EXTRA_INDEX_URL=… names an index which also has CPU builds, and pip prefers those.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# The locks name every dependency with its hashes, so nothing else is resolved, and nothing but wheels is installed.
COPY bot/requirements.txt bot/
COPY index/requirements.txt index/cuda.txt index/
RUN python3 -m venv --without-pip /opt/serve && python3 -m venv /opt/build \
    && locked="install --require-hashes --no-deps --only-binary :all:" \
    && /opt/build/bin/pip --python /opt/serve/bin/python $locked -r bot/requirements.txt \
    && /opt/build/bin/pip $locked -r index/requirements.txt \
    && { /opt/build/bin/python -c "import torch" 2>/dev/null || /opt/build/bin/pip $locked -r index/cuda.txt; }
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY index index
# What only converts or tests models is left behind.
RUN /opt/build/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /opt/build/bin/pip --python /opt/serve/bin/python install --no-index --no-deps /wheel/*.whl \
    && /opt/build/bin/pip install --no-index --no-deps /wheel/*.whl \
    && cd /opt/serve/lib/python3*/site-packages \
    && rm -rf onnxruntime/quantization onnxruntime/tools onnxruntime/transformers \
    && find /opt/serve -type d \( -name __pycache__ -o -path '*/numpy/*' -name tests \) -prune -exec rm -rf {} +
COPY knowledge knowledge
RUN HF_HUB_OFFLINE=1 ORT_DISABLE_TELEMETRY=1 /opt/build/bin/partnership-bot build --knowledge knowledge --data /seed
# Serving must work without torch. What these two import stays compiled, as the user of the image cannot write beside it.
RUN export BOT_DATA_DIR=/seed ORT_DISABLE_TELEMETRY=1 \
    && /opt/serve/bin/partnership-bot status && /opt/serve/bin/partnership-bot ask "uranium output"

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="partnership-bot" \
      org.opencontainers.image.description="Answers questions about the UK–Kazakhstan critical-minerals partnership by quoting curated passages." \
      org.opencontainers.image.licenses="MIT"
RUN groupadd --gid 10001 bot \
    && useradd --uid 10001 --gid bot --no-create-home --home-dir /data --shell /usr/sbin/nologin bot \
    && install --directory --owner bot --group bot /data
COPY --from=build /opt/serve /opt/serve
COPY --from=build --chown=10001:10001 /seed /data
USER 10001
WORKDIR /data
# ONNX Runtime reports its use to its maker and keeps a device id unless this variable is set before it starts.
ENV PATH=/opt/serve/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BOT_DATA_DIR=/data HF_HUB_OFFLINE=1 \
    ORT_DISABLE_TELEMETRY=1
VOLUME /data
HEALTHCHECK --interval=60s --timeout=20s --start-period=30s CMD ["partnership-bot", "status"]
ENTRYPOINT ["partnership-bot"]
CMD ["run"]
