/** Variables that programs, docker and podman are found and used by, of which none is a secret. */
const OF_DAEMON = [
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|TZ|TMPDIR)$/,
  /^(LC|XDG|CONTAINERS|STORAGE)_\w+$/,
  /^DOCKER_(HOST|CONTEXT|CONFIG|CERT_PATH|TLS\w*|API_VERSION)$/,
  /^CONTAINER_(HOST|CONNECTION|SSHKEY)$/,
  /^(REGISTRY_AUTH_FILE|DBUS_SESSION_BUS_ADDRESS|SSL_CERT_FILE|SSL_CERT_DIR)$/,
  /^((https?|all|no)_proxy|(HTTPS?|ALL|NO)_PROXY)$/,
];

/** What local AWS is given of the environment: it lives long, others may look into it, and the rest is none of its business. */
export function daemonEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) =>
        OF_DAEMON.some((pattern) => pattern.test(name)) &&
        // The address of a proxy may hold a password.
        !(/_proxy$/i.test(name) && value?.includes("@")),
    ),
  );
}
