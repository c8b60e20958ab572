# gan-repro on CPUs. Runs, data and samples stay in the folder that is mounted:
#   docker build -t gan-repro .
#   docker run --rm -v "$PWD:/work" -v gan-repro-data:/data gan-repro table --preset quick
FROM python:3.12-slim

ENV GAN_REPRO_CACHE=/data PIP_NO_CACHE_DIR=1
WORKDIR /src
# First what changes rarely, and the CPU build of torch: without its index, pip would fetch gigabytes of CUDA.
RUN pip install torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu
COPY requirements.lock ./
RUN pip install --no-deps --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-deps . && mkdir -p /data /work && chmod 777 /data /work

WORKDIR /work
ENTRYPOINT ["gan-repro"]
CMD ["--help"]
