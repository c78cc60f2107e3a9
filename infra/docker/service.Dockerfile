# One image per service, from a folder that holds dist/main.js and the production dependencies; build-images.mjs makes both.
ARG BASE_IMAGE

FROM ${BASE_IMAGE} AS files
COPY dist/ /app/dist/
COPY node_modules/ /app/node_modules/
COPY package.json sbom.cdx.json /app/
# Whoever runs it can read it and change nothing.
RUN chmod -R a=rX /app && mkdir /data && chown 1000:1000 /data

FROM ${BASE_IMAGE} AS runtime
ARG BASE_IMAGE
ARG NAME
ARG DESCRIPTION
ARG VERSION
ARG REVISION
ARG CREATED
LABEL org.opencontainers.image.title="tradewind/${NAME}" \
      org.opencontainers.image.description="${DESCRIPTION}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${BASE_IMAGE}" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=files /app /app
USER 1000:1000
ENTRYPOINT ["node", "--enable-source-maps", "dist/main.js"]

FROM runtime AS embedded-mongodb
COPY --from=files --chown=1000:1000 /data /data
VOLUME /data
EXPOSE 27017
CMD ["--host=0.0.0.0", "--port=27017", "--data=/data"]

FROM runtime AS service
ENV HOST=0.0.0.0 PORT=8080 ADMIN_PORT=9090
EXPOSE 8080 9090
