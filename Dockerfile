# Two images. The last stage, which is built by default, serves an index without torch. With `--target review` comes the
# image that builds an index (with torch) and reviews the query log. Both are made from the stage `build`.
# The base is any Debian with Python 3.11 or later and its venv module.
ARG BASE_IMAGE=python:3.11-slim

FROM ${BASE_IMAGE} AS base
LABEL org.opencontainers.image.title="partnership-bot" \
      org.opencontainers.image.description="Answers questions about the UK–Kazakhstan critical-minerals partnership by quoting curated passages." \
      org.opencontainers.image.licenses="MIT"
RUN groupadd --gid 10001 bot \
    && useradd --uid 10001 --gid bot --no-create-home --home-dir /data --shell /usr/sbin/nologin bot \
    && install --directory --owner bot --group bot /data
# Without ORT_DISABLE_TELEMETRY, ONNX Runtime reports its use to its maker and keeps a device id.
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1 ORT_DISABLE_TELEMETRY=1 BOT_DATA_DIR=/data
VOLUME /data
WORKDIR /data
ENTRYPOINT ["partnership-bot"]

FROM ${BASE_IMAGE} AS build
WORKDIR /src
# Settings of pip: a mirror, and a second index. PyPI's torch for Linux needs the CUDA libraries of .ci/locks/cuda.txt.
# With --build-arg PIP_EXTRA_INDEX_URL=… pip takes a CPU build of torch from an index that has one.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# The locks name every dependency with its hashes: pip resolves nothing itself and installs wheels only.
COPY .ci/locks .ci/locks
RUN python3 -m venv --without-pip /opt/serve && python3 -m venv /opt/build \
    && locked="install --require-hashes --no-deps --only-binary :all:" \
    && /opt/build/bin/pip --python /opt/serve/bin/python $locked -r .ci/locks/serve.txt \
    && /opt/build/bin/pip $locked -r .ci/locks/build.txt \
    && { /opt/build/bin/python -c "import torch" 2>/dev/null || /opt/build/bin/pip $locked -r .ci/locks/cuda.txt; }
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY index index
RUN /opt/build/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /opt/build/bin/pip --python /opt/serve/bin/python install --no-index --no-deps /wheel/*.whl \
    && /opt/build/bin/pip install --no-index --no-deps /wheel/*.whl
# The bot does not use these parts of its packages; the steps below show that it works without them.
RUN cd /opt/serve/lib/python3*/site-packages \
    # ONNX Runtime: tools that convert models, and the library for programs in C.
    && rm -rf onnxruntime/quantization onnxruntime/tools onnxruntime/transformers onnxruntime/capi/libonnxruntime.so.* \
    # tokenizers: the client of the Hugging Face hub; the encoder is read from a file.
    && rm -rf huggingface_hub hf_xet \
    # phonenumbers: places, carriers and time zones of numbers; the log only recognises a number.
    && rm -rf phonenumbers/geodata phonenumbers/carrierdata phonenumbers/tzdata \
    # babel: dates in languages that the bot does not speak.
    && find babel/locale-data -name '*.dat' ! -name 'root.dat' ! -name 'en*.dat' ! -name 'ru.dat' ! -name 'kk.dat' -delete \
    # numpy's tests, and compiled files, of which the last step of this stage makes the needed ones anew.
    && find /opt/serve -type d \( -name __pycache__ -o -path '*/numpy/*' -name tests \) -prune -exec rm -rf {} +
COPY knowledge knowledge
RUN HF_HUB_OFFLINE=1 ORT_DISABLE_TELEMETRY=1 /opt/build/bin/partnership-bot build --knowledge knowledge --data /index \
    && rm /index/encoders/*/known-questions.npz \
    && chmod -R a+rX /index
# Serving works without torch. What these commands import stays compiled: the image's user cannot write beside it.
RUN export BOT_DATA_DIR=/index ORT_DISABLE_TELEMETRY=1 \
    && /opt/serve/bin/partnership-bot status && /opt/serve/bin/partnership-bot ask "uranium output"

FROM base AS review
COPY --from=build /opt/build /opt/build
USER 10001
# torch asks for the user's name, and a container may run under a number without one. matplotlib keeps a list of fonts.
ENV PATH=/opt/build/bin:$PATH BOT_KNOWLEDGE_DIR=/knowledge USER=bot MPLCONFIGDIR=/tmp
CMD ["log", "serve"]

FROM base AS serve
COPY --from=build /opt/serve /opt/serve
# The index is part of the image, so a newer image brings its own; the volume holds what the bot writes.
COPY --from=build /index /index
USER 10001
# The health check asks the running bot at the address of BOT_HTTP_LISTEN.
ENV PATH=/opt/serve/bin:$PATH BOT_INDEX_DIR=/index BOT_HTTP_LISTEN=127.0.0.1:9464
HEALTHCHECK --interval=60s --timeout=10s --start-period=30s CMD ["partnership-bot", "health"]
CMD ["run"]
