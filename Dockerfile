# docker build -t ts-nginx .
# CAPABILITY=none makes the variant for pods that drop every capability and use high ports: there, a file that carries one
# can't be executed at all.
ARG CAPABILITY=cap_net_bind_service

FROM node:26-trixie-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends libcap2-bin
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
# Everything that the image adds to its base, Node included: as the lock file pins it.
RUN npm run build && node image/assemble.ts /image
ARG CAPABILITY
RUN [ "$CAPABILITY" = none ] || setcap "$CAPABILITY=+ep" /image/usr/local/bin/node

FROM debian:trixie-slim
# What Node links to and the base doesn't have. The base has what preStop commands call for: a shell and sleep.
RUN apt-get update && apt-get install --yes --no-install-recommends libatomic1 libstdc++6 \
  && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/*
COPY --from=build /image/ /
USER 101:82
# Some builders lose the capability when they copy: better to find out here than at port 80.
ARG CAPABILITY
RUN [ "$CAPABILITY" = none ] || node -e \
  "if (!/CapEff:.*[4-7c-f]..$/m.test(require('fs').readFileSync('/proc/self/status'))) throw new Error('capability lost')"
EXPOSE 80 443 10254
# Node itself by way of ts-nginx's first line: a shell in between would lose the capability.
ENTRYPOINT ["/usr/local/bin/ts-nginx"]
CMD ["serve"]
