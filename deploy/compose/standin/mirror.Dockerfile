# The last stage of the Dockerfile at the top of the repository, around a binary that was built outside.
FROM scratch
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY mirror /mirror
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["/mirror", "status", "--ready"]
ENTRYPOINT ["/mirror"]
CMD ["run"]
